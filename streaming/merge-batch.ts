import { merchantOf } from '../core/merchant.ts'
import { identityDifferences } from '../core/merge.ts'
import type { Payment } from '../core/payment.ts'
import type { BusinessDate } from '../core/time.ts'
import { type CleanRow, CleanRows } from '../platform/queries/clean.ts'
import type { DirtyKey } from '../platform/queries/dirty-keys.ts'
import type { TxnConflict } from '../platform/queries/txn-conflicts.ts'
import {
  type MergedRow,
  type MergeEffect,
  type Message,
  type MessageConflict,
  mergeTransaction,
} from './merge-transaction.ts'
import { MinuteDeltas } from './minute-deltas.ts'

/** The messages of a batch by transaction, merged as if clean had none of these, and the rows encoded for COPY. */
export interface Transactions {
  readonly byId: ReadonlyMap<string, Transaction>
  readonly rows: CleanRows
}

interface Transaction {
  readonly messages: readonly Message[]
  readonly fresh: MergeEffect
  /** Where its rows lie in the encoded ones. */
  readonly span: { readonly from: number; readonly to: number }
}

/** What can be done before clean has been asked, while the batch before is still being written. */
export function groupByTransaction(messages: readonly Message[]): Transactions {
  const groups = new Map<string, Message[]>()
  for (const message of messages) append(groups, message.payment.txn_id, message)
  const rows = new CleanRows(groups.size)
  const byId = new Map<string, Transaction>()
  // In the order of the index: neighbours share its pages, which is a fifth of Postgres' work in a large batch.
  for (const [txnId, group] of [...groups].sort(byTxnId)) {
    const fresh = mergeTransaction([], group)
    const from = rows.end
    for (const row of fresh.rows) rows.add(row)
    byId.set(txnId, { messages: group, fresh, span: { from, to: rows.end } })
  }
  return { byId, rows }
}

/** Merges a batch with the rows that clean has of its transactions. */
export function mergeBatch({ byId, rows }: Transactions, stored: readonly CleanRow[]): BatchMerge {
  const known = new Map<string, CleanRow[]>()
  // A batch that has an id on two days beside each other finds the same row by both.
  const seen = new Set<string>()
  for (const row of stored) {
    const { txn_id, business_date } = row.payment
    const key = `${txn_id} ${business_date}`
    if (seen.has(key)) continue
    seen.add(key)
    append(known, txn_id, row)
  }
  const merge = new BatchMerge()
  const left: Transaction['span'][] = []
  for (const [txnId, { messages, fresh, span }] of byId) {
    const found = known.get(txnId)
    if (found === undefined) merge.insert(fresh)
    else {
      left.push(span)
      merge.merge(mergeTransaction(found, messages))
    }
  }
  if (left.length < byId.size) merge.inserts.push(rows.finish(left))
  return merge
}

/** What a batch does to clean, by the days of the rows as they were, and what follows from it. */
export class BatchMerge {
  /** Rows that are new, ready for COPY. */
  readonly inserts: Buffer[] = []
  readonly updates = new Map<BusinessDate, CleanRow[]>()
  /** Rows to which messages said nothing new. */
  readonly counted = new Map<BusinessDate, { txn_id: string; messages: number }[]>()
  readonly deletes = new Map<BusinessDate, string[]>()
  readonly conflicts: TxnConflict[] = []
  readonly dirty: DirtyKey[] = []
  readonly deltas = new MinuteDeltas()
  readonly counts = { inserted: 0, merged: 0, duplicate: 0, conflicting: 0, absorbed: 0 }

  /** Takes in a transaction that clean does not have; its rows are encoded already. */
  insert(effect: MergeEffect): void {
    this.#count(effect)
    for (const { payment } of effect.rows) this.deltas.add(payment)
  }

  /** Takes in one that clean has. */
  merge(effect: MergeEffect): void {
    this.#count(effect)
    for (const row of effect.rows) this.#write(row)
    for (const { stored } of effect.absorbed) {
      if (stored === undefined) continue
      append(this.deletes, stored.payment.business_date, stored.payment.txn_id)
      this.#leave(stored.payment, 'merged')
    }
  }

  #count(effect: MergeEffect): void {
    const { counts } = this
    counts.inserted += effect.inserted
    counts.merged += effect.merged
    counts.duplicate += effect.duplicate
    counts.conflicting += effect.conflicting
    counts.absorbed += effect.absorbed.length
    for (const { record, payment } of effect.telling) {
      this.deltas.noteArrival(payment, record.timestampMs)
    }
    for (const conflict of effect.conflicts) this.conflicts.push(describeConflict(conflict))
  }

  #write({ payment, messages, stored }: MergedRow): void {
    const { txn_id } = payment
    if (stored === undefined) this.#insertBeside({ payment, messages })
    else if (stored.payment !== payment) {
      append(this.updates, stored.payment.business_date, { payment, messages })
      this.deltas.add(payment)
      this.#leave(stored.payment, reasonOf(stored.payment, payment))
    } else if (stored.messages !== messages) {
      append(this.counted, payment.business_date, { txn_id, messages })
    }
  }

  // A day too far from the stored row to belong to it.
  #insertBeside(row: CleanRow): void {
    const rows = new CleanRows(1)
    rows.add(row)
    this.inserts.push(rows.finish([]))
    this.deltas.add(row.payment)
  }

  #leave(before: Payment, reason: DirtyKey['reason'] | undefined): void {
    this.deltas.remove(before)
    if (reason === undefined) return
    const { business_date } = before
    this.dirty.push({ business_date, merchant: merchantOf(before), reason })
  }
}

// A row that stays where it was is found by its changed_xid.
function reasonOf(before: Payment, after: Payment): DirtyKey['reason'] | undefined {
  if (before.business_date !== after.business_date) return 'moved'
  return merchantOf(before) === merchantOf(after) ? undefined : 'merchant changed'
}

function describeConflict({ message, kind, row }: MessageConflict): TxnConflict {
  const { record, payment } = message
  const { txn_id, business_date } = payment
  const details =
    kind === 'identity'
      ? { differs: identityDifferences(row, payment) }
      : { status: payment.status, known: row.status }
  return { kind, offset: record.offset, txn_id, business_date, details }
}

function byTxnId([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
