import { identityOf, isSameRow, mergePayments } from '../core/merge.ts'
import type { Payment } from '../core/payment.ts'
import type { CleanRow } from '../platform/queries/clean.ts'

/**
 * Folds the messages of one batch, in offset order, to what they say of each transaction and day: by its key, a row for
 * each identity that is claimed, in the order of their first messages. One statement may meet a key only once.
 */
export function foldBatch(payments: Iterable<Payment>): Map<string, CleanRow[]> {
  const folded = new Map<string, Map<string, CleanRow>>()
  for (const payment of payments) {
    const key = keyOf(payment)
    const claims = folded.get(key) ?? new Map<string, CleanRow>()
    folded.set(key, claims)
    const identity = identityOf(payment)
    claims.set(identity, addMessage(claims.get(identity), payment))
  }
  return new Map([...folded].map(([key, claims]) => [key, [...claims.values()]]))
}

/** What tells rows of clean apart. */
export function keyOf({
  txn_id,
  business_date,
}: Pick<Payment, 'txn_id' | 'business_date'>): string {
  return `${txn_id} ${business_date}`
}

function addMessage(known: CleanRow | undefined, payment: Payment): CleanRow {
  if (known === undefined) return { payment, messages: 1, changes: 0 }
  const merged = mergePayments(known.payment, payment)
  const changes = known.changes + (isSameRow(known.payment, merged) ? 0 : 1)
  return { payment: merged, messages: known.messages + 1, changes }
}
