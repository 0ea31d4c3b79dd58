import type { Payment } from './payment.ts'
import { declineClassOf } from './response-code.ts'
import { type Status, statusRank } from './status.ts'

/** Fields of which the greatest non-null wins, text by its bytes, whatever the order of arrival. */
const DESCRIPTIVE_FIELDS = [
  'type',
  'channel',
  'mcc',
  'payer_bank',
  'payee_bank',
  'rrn',
  'device',
  'city',
  'state',
  'original_txn_id',
] as const satisfies readonly (keyof Payment)[]

/** What all messages of one transaction must agree on, as far as two of them do not: amount, payer, payee. */
export function identityDifferences(a: Payment, b: Payment): ('amount' | 'payer' | 'payee')[] {
  const differences: ('amount' | 'payer' | 'payee')[] = []
  if (a.amount !== b.amount) differences.push('amount')
  if (!a.payer_key.equals(b.payer_key)) differences.push('payer')
  if (!a.payee_key.equals(b.payee_key)) differences.push('payee')
  return differences
}

/** Whether two statuses contradict each other: a success and a failure, or two different failures. */
export function areContradicting(a: Status, b: Status): boolean {
  const [kind, other] = [FINAL[a], FINAL[b]]
  if (a === b || kind === undefined || other === undefined) return false
  return kind !== other || kind === 'failure'
}

const FINAL: Partial<Record<Status, 'success' | 'failure'>> = {
  FAILED: 'failure',
  EXPIRED: 'failure',
  DECLINED: 'failure',
  SUCCESS: 'success',
  REVERSED: 'success',
}

/**
 * What two messages of one transaction say together. Commutative, associative and idempotent over everything but
 * the identity, which both must share.
 */
export function mergePayments(a: Payment, b: Payment): Payment {
  const last = compareOutcome(a, b) >= 0 ? a : b
  const first = a.event_time <= b.event_time ? a : b
  const typed = compareTexts(a.type, b.type) >= 0 ? a : b
  const merged = {
    ...a,
    event_time: first.event_time,
    business_date: first.business_date,
    // Who is masked follows from the type, so the names are those of the message whose type the row takes.
    payer: typed.payer,
    payee: typed.payee,
    status: last.status,
    response_code: last.response_code,
    decline_class: classOf(last.response_code, first.business_date),
    completed_at: last.completed_at,
  }
  for (const field of DESCRIPTIVE_FIELDS) merged[field] = greatest(a[field], b[field])
  return { ...merged, latency_ms: latencyOf(merged) }
}

/** Whether a merge has changed nothing that the row shows: then its last message was a duplicate. */
export function isSameRow(before: Payment, after: Payment): boolean {
  return ROW_FIELDS.every((field) => before[field] === after[field])
}

const ROW_FIELDS = [
  'event_time',
  'payer',
  'payee',
  'status',
  'completed_at',
  'response_code',
  ...DESCRIPTIVE_FIELDS,
] as const satisfies readonly (keyof Payment)[]

/** Orders outcomes by (status, completed_at, response_code), null lowest. */
function compareOutcome(a: Payment, b: Payment): number {
  return (
    statusRank(a.status) - statusRank(b.status) ||
    compareNumbers(a.completed_at, b.completed_at) ||
    compareTexts(a.response_code, b.response_code)
  )
}

// By the row's own day: by a message's it would depend on which of two equal outcomes is taken.
function classOf(code: string | null, date: string): Payment['decline_class'] {
  return code === null ? null : declineClassOf(code, date)
}

function latencyOf({ event_time, completed_at }: Payment): number | null {
  return completed_at === null ? null : Math.floor((completed_at - event_time) / 1000)
}

function compareNumbers(a: number | null, b: number | null): number {
  return (a ?? Number.NEGATIVE_INFINITY) < (b ?? Number.NEGATIVE_INFINITY) ? -1 : a === b ? 0 : 1
}

// By bytes, as Postgres compares under collation "C": JavaScript's own order is by UTF-16 units.
function compareTexts(a: string | null, b: string | null): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function greatest(a: string | null, b: string | null): string | null {
  return compareTexts(a, b) >= 0 ? a : b
}
