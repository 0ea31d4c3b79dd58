import { areContradicting, identityDifferences, isSameRow, mergePayments } from '../core/merge.ts'
import type { Payment } from '../core/payment.ts'
import { dayNumberOf } from '../core/time.ts'
import type { CleanRow } from '../platform/queries/clean.ts'
import type { KafkaRecord } from './processor.ts'

/** An accepted message: what it says, and where it came from. */
export interface Message {
  readonly record: KafkaRecord
  readonly payment: Payment
}

/** What messages do to one transaction. Every message is in just one of the four counts. */
export interface MergeEffect {
  readonly rows: readonly MergedRow[]
  /** Rows, stored or of this batch, whose messages are in another row now. */
  readonly absorbed: readonly MergedRow[]
  readonly inserted: number
  readonly merged: number
  readonly duplicate: number
  readonly conflicting: number
  /** Messages that have made or changed a row. */
  readonly telling: readonly Message[]
  readonly conflicts: readonly MessageConflict[]
}

/** A row of clean after the merge; `stored` is what clean has of it, undefined for a new one. */
export interface MergedRow extends CleanRow {
  readonly stored: CleanRow | undefined
}

export interface MessageConflict {
  readonly message: Message
  readonly kind: 'identity' | 'status'
  readonly row: Payment
}

/**
 * Merges the messages of one transaction, in their order, into the rows that clean has of it. A message belongs to the
 * row of its own business date or of a day beside it; rows farther apart stay apart. The first message gives a row its
 * identity, and one that claims another amount, payer or payee leaves it alone. One that meets two rows of its identity
 * brings them together in the earlier.
 */
export function mergeTransaction(
  stored: readonly CleanRow[],
  messages: readonly Message[],
): MergeEffect {
  const merge = new TransactionMerge(stored)
  for (const message of messages) merge.take(message)
  return merge
}

class TransactionMerge implements MergeEffect {
  rows: MergedRow[]
  readonly absorbed: MergedRow[] = []
  inserted = 0
  merged = 0
  duplicate = 0
  conflicting = 0
  readonly telling: Message[] = []
  readonly conflicts: MessageConflict[] = []

  constructor(stored: readonly CleanRow[]) {
    this.rows = stored.map((row) => ({ ...row, stored: row })).toSorted(byDate)
  }

  take(message: Message): void {
    const { payment } = message
    const near = this.rows.filter((row) => daysBetween(row.payment, payment) <= 1)
    const own = near.filter((row) => identityDifferences(row.payment, payment).length === 0)
    const ofItsDay = near.find((row) => daysBetween(row.payment, payment) === 0)
    const holder = ofItsDay ?? near[0]
    if (holder === undefined) this.#insert(message)
    else if (own.length === 0 || (holder === ofItsDay && !own.includes(holder))) {
      this.conflicting += 1
      this.conflicts.push({ message, kind: 'identity', row: holder.payment })
    } else this.#merge(own, message)
  }

  #insert(message: Message): void {
    this.inserted += 1
    this.telling.push(message)
    this.rows.push({ payment: message.payment, messages: 1, stored: undefined })
    this.rows.sort(byDate)
  }

  #merge(own: readonly MergedRow[], message: Message): void {
    const [target, ...others] = own as [MergedRow, ...MergedRow[]]
    let { payment } = target
    let contradicted: Payment | undefined
    for (const each of [...others, message]) {
      if (areContradicting(payment.status, each.payment.status)) contradicted ??= payment
      payment = mergePayments(payment, each.payment)
    }
    if (contradicted !== undefined) {
      this.conflicts.push({ message, kind: 'status', row: contradicted })
    }
    const isTelling = others.length > 0 || !isSameRow(target.payment, payment)
    if (isTelling) {
      this.merged += 1
      this.telling.push(message)
    } else this.duplicate += 1
    const row = {
      payment: isTelling ? payment : target.payment,
      messages: others.reduce((sum, each) => sum + each.messages, target.messages + 1),
      stored: target.stored,
    }
    this.absorbed.push(...others)
    this.rows = this.rows
      .filter((each) => !others.includes(each))
      .map((each) => (each === target ? row : each))
  }
}

function byDate(a: CleanRow, b: CleanRow): number {
  return a.payment.business_date < b.payment.business_date ? -1 : 1
}

function daysBetween(a: Payment, b: Payment): number {
  if (a.business_date === b.business_date) return 0
  return Math.abs(dayNumberOf(a.business_date) - dayNumberOf(b.business_date))
}
