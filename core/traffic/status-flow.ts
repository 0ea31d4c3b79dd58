import type { Bank } from './banks.ts'
import {
  BENEFICIARY_DECLINES,
  BUSINESS_DECLINES,
  type Decline,
  REMITTER_DECLINES,
  TIMEOUT_CODES,
  writeDecline,
} from './declines.ts'
import type { Outage } from './outages.ts'
import type { Random } from './random.ts'

/** One status that a transaction passes through, and when the message about it is sent. */
export interface Step {
  readonly status: string
  readonly code: string
  /** When the status became final; null while it is not. */
  readonly completedAt: number | null
  readonly sentAt: number
}

/** What decides how a payment goes. */
export interface Situation {
  readonly begunAt: number
  readonly channel: string
  readonly payerBank: Bank
  readonly payerOutage: Outage | null
  readonly payeeOutage: Outage | null
  readonly saysFailure: boolean
}

/**
 * Plays a payment through to its end: the statuses it takes, in order, each sent after the one
 * before.
 */
export function planSteps(situation: Situation, random: Random): Step[] {
  const { payerBank, payerOutage, payeeOutage } = situation
  if (situation.channel === 'COLLECT' && random.chance(COLLECT_EXPIRED_SHARE)) {
    return expire(situation, random)
  }
  if (payerOutage !== null && random.chance(payerOutage.tdShare)) {
    return fail(situation, REMITTER_DECLINES.draw(random), random)
  }
  if (payeeOutage !== null && random.chance(payeeOutage.tdShare)) {
    return fail(situation, BENEFICIARY_DECLINES.draw(random), random)
  }
  const fate = 100 * random.uniform()
  if (fate < payerBank.td) {
    const side = random.chance(REMITTER_TD_SHARE) ? REMITTER_DECLINES : BENEFICIARY_DECLINES
    return fail(situation, side.draw(random), random)
  }
  if (fate < payerBank.td + payerBank.bd) {
    return fail(situation, BUSINESS_DECLINES.draw(random), random)
  }
  if (random.chance(payerBank.reversed + DEEMED_CONFIRMED_SHARE)) return deem(situation, random)
  return succeed(situation.begunAt, random)
}

/**
 * The steps of a refund: it hardly ever fails, since no one types a PIN and the merchant has the
 * money.
 */
export function refundSteps(begunAt: number, random: Random): Step[] {
  if (!random.chance(REFUND_FAILED_SHARE)) {
    return finish(begunAt, { status: 'SUCCESS', code: '00' }, settleMs(random), random)
  }
  const code = BENEFICIARY_DECLINES.draw(random).code
  return finish(begunAt, { status: 'FAILED', code }, settleMs(random), random)
}

const SECOND_MS = 1000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

const FULL_REVERSAL = '21'

// Half of all payments are done within 1.3 s; NPCI's timer is 15 s, and a few answers come after
// it.
const SETTLE_MEDIAN_MS = 1300
const SETTLE_SIGMA = 0.65
const SETTLE_MS_MIN = 180
const SLOW_SHARE = 0.006
const TIMER_MS = 15_000

// The share of payments whose PSP tells of them before they are done; the others only tell the end.
const PENDING_FIRST_SHARE = 0.1

// Without an outage, most technical declines are the remitter's: NPCI counts them by remitter bank.
const REMITTER_TD_SHARE = 0.75

// Deemed payments that turn out to be credited; no figure is published. Those that go back are each
// bank's reversals.
const DEEMED_CONFIRMED_SHARE = 0.0012
const DEEMED_96_SHARE = 0.1

// Paid, then returned because the merchant never confirmed (RBI: by T+5).
const RETURNED_SHARE = 0.0002

const COLLECT_EXPIRED_SHARE = 0.18
const REFUND_FAILED_SHARE = 0.01

// Seldom the money of a payment that succeeded goes back days later.
function succeed(begunAt: number, random: Random): Step[] {
  const steps = finish(begunAt, { status: 'SUCCESS', code: '00' }, settleMs(random), random)
  if (random.chance(RETURNED_SHARE)) {
    const last = steps[steps.length - 1] as Step
    const completedAt = last.sentAt + Math.floor(random.logUniform(DAY_MS, 5 * DAY_MS))
    steps.push({ status: 'REVERSED', code: FULL_REVERSAL, completedAt, sentAt: completedAt + 50 })
  }
  return steps
}

function fail(situation: Situation, decline: Decline, random: Random): Step[] {
  const isTimeout = TIMEOUT_CODES.has(decline.code)
  const latencyMs = isTimeout ? TIMER_MS + random.logNormal(2000, 0.8) : settleMs(random)
  const failed = situation.saysFailure ? 'FAILURE' : 'FAILED'
  const status = decline.code === 'ZA' ? 'DECLINED' : failed
  const code = writeDecline(decline, random)
  return finish(situation.begunAt, { status, code }, Math.floor(latencyMs), random)
}

function expire({ begunAt }: Situation, random: Random): Step[] {
  const pending = pend(begunAt, random)
  const completedAt = begunAt + random.between(2 * MINUTE_MS, 30 * MINUTE_MS)
  return [pending, { status: 'EXPIRED', code: 'U69', completedAt, sentAt: completedAt + 20 }]
}

// Debited, but the credit leg timed out: confirmed, or given back, hours or days later.
function deem({ begunAt, payerBank }: Situation, random: Random): Step[] {
  const sentAt = begunAt + TIMER_MS + random.between(0, 25 * SECOND_MS)
  const code = random.chance(DEEMED_96_SHARE) ? '96' : 'RB'
  const deemed = { status: 'DEEMED', code, completedAt: null, sentAt }
  const steps = random.chance(PENDING_FIRST_SHARE) ? [pend(begunAt, random), deemed] : [deemed]
  const goesBack = random.chance(payerBank.reversed / (payerBank.reversed + DEEMED_CONFIRMED_SHARE))
  const inTime = !goesBack || random.chance(payerBank.reversedInTime / 100)
  const waitMs = inTime
    ? random.logUniform(20 * MINUTE_MS, 24 * HOUR_MS)
    : random.logUniform(DAY_MS, 5 * DAY_MS)
  const completedAt = sentAt + Math.floor(waitMs)
  const end = goesBack
    ? { status: 'REVERSED', code: FULL_REVERSAL }
    : { status: 'SUCCESS', code: '00' }
  steps.push({ ...end, completedAt, sentAt: completedAt + 50 })
  return steps
}

function finish(
  begunAt: number,
  end: { status: string; code: string },
  latencyMs: number,
  random: Random,
): Step[] {
  const completedAt = begunAt + latencyMs
  const sentAt = completedAt + random.between(5, 60)
  const last = { status: end.status, code: end.code, completedAt, sentAt }
  const tellsEarly = latencyMs > TIMER_MS || random.chance(PENDING_FIRST_SHARE)
  return tellsEarly ? [pend(begunAt, random), last] : [last]
}

function pend(begunAt: number, random: Random): Step {
  const sentAt = begunAt + random.between(20, SETTLE_MS_MIN)
  return { status: 'PENDING', code: '01', completedAt: null, sentAt }
}

function settleMs(random: Random): number {
  if (random.chance(SLOW_SHARE)) return Math.floor(random.logUniform(TIMER_MS, 45 * SECOND_MS))
  return (
    SETTLE_MS_MIN + Math.floor(random.logNormal(SETTLE_MEDIAN_MS - SETTLE_MS_MIN, SETTLE_SIGMA))
  )
}
