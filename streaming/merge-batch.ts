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

/**
 * The messages of a batch by transaction, and the rows that they make if clean has none of these, encoded for COPY. Made
 * while the batch before is still being written; nothing changes it afterwards. Nearly every transaction is one message,
 * and costs no object of its own.
 */
export interface Transactions {
  /** In the order of clean's key: neighbours share its pages, which is a fifth of Postgres' work in a large batch. */
  readonly ids: readonly string[]
  readonly messages: ReadonlyMap<string, Message | Message[]>
  /** Where the rows of each begin in the encoded ones, and where the last end. */
  readonly starts: readonly number[]
  readonly rows: CleanRows
  /** The ids by the days of their messages: what to ask clean for. */
  readonly idsByDay: ReadonlyMap<BusinessDate, readonly string[]>
}

/** Groups messages, and encodes what they make of an empty clean. */
export function groupByTransaction(accepted: readonly Message[]): Transactions {
  const messages = new Map<string, Message | Message[]>()
  for (const message of accepted) {
    const { txn_id } = message.payment
    const known = messages.get(txn_id)
    if (known === undefined) messages.set(txn_id, message)
    else if (Array.isArray(known)) known.push(message)
    else messages.set(txn_id, [known, message])
  }
  const ids = [...messages.keys()].sort()
  const rows = new CleanRows(ids.length)
  const starts: number[] = []
  const idsByDay = new Map<BusinessDate, string[]>()
  for (const id of ids) {
    starts.push(rows.end)
    const group = messages.get(id) as Message | Message[]
    if (Array.isArray(group)) for (const row of mergeTransaction([], group).rows) rows.add(row)
    else rows.add({ payment: group.payment, messages: 1 })
    for (const day of daysOf(group)) append(idsByDay, day, id)
  }
  starts.push(rows.end)
  return { ids, messages, starts, rows, idsByDay }
}

function daysOf(group: Message | Message[]): Iterable<BusinessDate> {
  if (!Array.isArray(group)) return [group.payment.business_date]
  return new Set(group.map(({ payment }) => payment.business_date))
}

/** Merges a batch with the rows that clean has of its transactions. */
export function mergeBatch(
  { ids, messages, starts, rows }: Transactions,
  stored: readonly CleanRow[],
): BatchMerge {
  const known = byTransaction(stored)
  const merge = new BatchMerge()
  const left: { from: number; to: number }[] = []
  for (const [i, id] of ids.entries()) {
    const group = messages.get(id) as Message | Message[]
    const found = known.get(id)
    if (found !== undefined) {
      left.push({ from: starts[i] as number, to: starts[i + 1] as number })
      merge.merge(mergeTransaction(found, Array.isArray(group) ? group : [group]))
    } else if (Array.isArray(group)) merge.insert(mergeTransaction([], group))
    else merge.insertOne(group)
  }
  if (left.length < ids.length) merge.inserts.push(rows.finish(left))
  return merge
}

// A batch that has an id on two days beside each other finds the same row by both.
function byTransaction(stored: readonly CleanRow[]): Map<string, CleanRow[]> {
  const known = new Map<string, CleanRow[]>()
  for (const row of stored) {
    const { txn_id, business_date } = row.payment
    const rows = known.get(txn_id)
    if (rows?.some(({ payment }) => payment.business_date === business_date)) continue
    append(known, txn_id, row)
  }
  return known
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

  /** Takes in a transaction that clean does not have and that is one message; its row is encoded already. */
  insertOne({ record, payment }: Message): void {
    this.counts.inserted += 1
    this.deltas.add(payment)
    this.deltas.noteArrival(payment, record.timestampMs)
  }

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

/** A conflict for the log. */
export function describeConflict({ message, kind, row }: MessageConflict): TxnConflict {
  const { record, payment } = message
  const { txn_id, business_date } = payment
  const details =
    kind === 'identity'
      ? { differs: identityDifferences(row, payment) }
      : { status: payment.status, known: row.status }
  return { kind, offset: record.offset, txn_id, business_date, details }
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
