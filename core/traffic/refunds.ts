import type { Payment, RefundPart } from './payments.ts'
import type { Random } from './random.ts'

/** A refund that will be asked for at an instant. */
export interface RefundDue {
  readonly at: number
  readonly part: RefundPart
}

/** Plans the refunds of a payment, which together never exceed it; most payments have none. */
export function planRefunds(payment: Payment, random: Random): RefundDue[] {
  if (!random.chance(REFUNDED_SHARE) || !isRefundable(payment)) return []
  const done = (payment.steps[payment.steps.length - 1] as { sentAt: number }).sentAt
  let at = done
  return splitPaise(payment.paise, random).map((paise, part) => {
    at += Math.floor(random.logUniform(DELAY_MS_MIN, DELAY_MS_MAX))
    return { at, part: { original: payment.arrival, part, paise } }
  })
}

// Of payments to merchants; no figure is published.
const REFUNDED_SHARE = 0.012

const DELAY_MS_MIN = 10 * 60_000
const DELAY_MS_MAX = 4 * 86_400_000

// A payment that was long in doubt is not refunded but reversed.
const DOUBT_MS_MAX = 10 * 60_000

const FULL_SHARE = 0.72
const PARTIAL_SHARE = 0.18

function isRefundable({ message, steps, arrival }: Payment): boolean {
  const last = steps[steps.length - 1]
  if (message.type !== 'P2M' || last === undefined || last.status !== 'SUCCESS') return false
  return last.sentAt - arrival.begunAt < DOUBT_MS_MAX
}

// In full; or a part of it; or in two or three parts, which may or may not make up the whole.
function splitPaise(paise: number, random: Random): number[] {
  const form = random.uniform()
  if (form < FULL_SHARE) return [paise]
  const first = partOf(paise, random)
  if (form < FULL_SHARE + PARTIAL_SHARE) return [first]
  const second = partOf(paise - first, random)
  const rest = paise - first - second
  return (random.chance(0.5) ? [first, second, rest] : [first, second]).filter((part) => part > 0)
}

function partOf(paise: number, random: Random): number {
  const part = Math.floor(paise * (0.2 + 0.6 * random.uniform()))
  // Whole rupees where there are any.
  return part < 100 ? part : Math.floor(part / 100) * 100
}
