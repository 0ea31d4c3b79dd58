import { areContradicting, identityDifferences, mergePayments } from '../core/merge.ts'
import type { CleanRow } from '../platform/queries/clean.ts'
import type { Message, MessageConflict } from './merge-transaction.ts'

/** What all messages of a transaction come to. */
export interface Fold<From extends Message = Message> {
  /** Undefined if there is no message. */
  readonly row: CleanRow | undefined
  readonly conflicts: readonly (MessageConflict & { readonly message: From })[]
}

/**
 * The one row that all messages of a transaction give, in the order of Kafka's time, partition and offset: the first
 * decides who pays whom how much, on whatever days the others are.
 */
export function foldTransaction<From extends Message>(messages: readonly From[]): Fold<From> {
  const [first, ...rest] = messages
  if (first === undefined) return { row: undefined, conflicts: [] }
  const conflicts: (MessageConflict & { readonly message: From })[] = []
  let { payment } = first
  let count = 1
  for (const message of rest) {
    if (identityDifferences(payment, message.payment).length > 0) {
      conflicts.push({ message, kind: 'identity', row: payment })
      continue
    }
    if (areContradicting(payment.status, message.payment.status)) {
      conflicts.push({ message, kind: 'status', row: payment })
    }
    payment = mergePayments(payment, message.payment)
    count += 1
  }
  return { row: { payment, messages: count }, conflicts }
}
