import type { Arrival, Payment } from './payments.ts'
import type { Random } from './random.ts'
import type { Step } from './status-flow.ts'
import { Weighted } from './weighted.ts'

/** What can go wrong with a transaction's messages, and how often relative to the others. */
export const FAULTS = {
  duplicate: { weight: 30, about: 'A message is sent once more, byte for byte.' },
  late: { weight: 18, about: 'The messages arrive hours to days after the payment.' },
  malformed: { weight: 28, about: 'A message of its own that must be refused.' },
  disordered: { weight: 14, about: 'An earlier status arrives after the last one.' },
  warned: { weight: 4, about: 'An optional field is malformed; the message is accepted.' },
  unusual: { weight: 4, about: 'Right, but written as few others do.' },
  contradicting: { weight: 1, about: 'A failure arrives after the success.' },
  conflicting: { weight: 1, about: 'The same id arrives with another amount, payer or payee.' },
} as const satisfies Record<string, { weight: number; about: string }>

export type FaultKind = keyof typeof FAULTS

/** A fault, and how long after its time the message concerned is sent. */
export interface Fault {
  readonly kind: FaultKind
  readonly delayMs: number
}

/** One message that is planned, to be written when it is due. */
export interface Planned {
  readonly at: number
  readonly arrival: Arrival
  /**
   * Null for what is due so late that it is cheaper to describe the payment again than to keep it.
   */
  readonly payment: Payment | null
  /** The step it tells of; −1 for the time before the first. */
  readonly step: number
  readonly fault: FaultKind | null
}

/** Draws whether, and what, goes wrong with a transaction. */
export function drawFault(probability: number, random: Random): Fault | null {
  if (!random.chance(probability)) return null
  const kind = KINDS.draw(random)
  const [shortest, longest] = kind === 'late' ? LATE_MS : SOON_MS
  return { kind, delayMs: Math.floor(random.logUniform(shortest, longest)) }
}

/** Plans the messages of a payment with its fault, which may add some, or move them. */
export function planMessages(payment: Payment, fault: Fault | null): Planned[] {
  const planned = payment.steps.map((step, index) => plan(payment, index, step.sentAt))
  if (fault === null) return planned
  const { kind, delayMs } = fault
  const last = planned[planned.length - 1] as Planned
  const after = last.at + delayMs
  switch (kind) {
    case 'late':
      return planned.map((message) => ({ ...message, at: message.at + delayMs, fault: kind }))
    case 'malformed': {
      const arrival = { ...payment.arrival, broken: true, refund: null }
      const at = payment.arrival.begunAt + delayMs
      return [...planned, { at, arrival, payment: null, step: 0, fault: kind }]
    }
    case 'disordered': {
      if (planned.length === 1) return [last, { ...last, at: after, step: -1, fault: kind }]
      const first = planned[0] as Planned
      return [...planned.slice(1), { ...first, at: after, fault: kind }]
    }
    case 'warned':
    case 'unusual':
      return [...planned.slice(0, -1), { ...last, fault: kind }]
    case 'contradicting': {
      // Only a success can be contradicted without a change of the outcome.
      const told = (payment.steps[last.step] as Step).status === 'SUCCESS' ? kind : 'duplicate'
      return [...planned, { ...last, at: after, fault: told }]
    }
    case 'duplicate':
    case 'conflicting':
      return [...planned, { ...last, at: after, fault: kind }]
  }
}

const SOON_MS = [100, 30_000] as const
const LATE_MS = [3_600_000, 3 * 86_400_000] as const

const KINDS = new Weighted(
  Object.keys(FAULTS) as FaultKind[],
  (kind: FaultKind) => FAULTS[kind].weight,
)

function plan(payment: Payment, step: number, at: number): Planned {
  return { at, arrival: payment.arrival, payment, step, fault: null }
}
