import { setImmediate } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { UpiError } from '../core/errors.ts'
import { type BusinessDate, dayNumberOf } from '../core/time.ts'
import {
  type CleanRow,
  copyClean,
  countMessages,
  deleteClean,
  lockClean,
  updateClean,
} from '../platform/queries/clean.ts'
import { markDirty } from '../platform/queries/dirty-keys.ts'
import { addMinuteDeltas } from '../platform/queries/minute-metrics.ts'
import type { StreamPosition } from '../platform/queries/stream-offsets.ts'
import { insertConflicts } from '../platform/queries/txn-conflicts.ts'
import type { BatchMerge, Transactions } from './merge-batch.ts'

// Messages come soon after their payment; plans for days long ago would fill the server's memory one by one.
const USUAL_DAYS = 2

/** Locks the rows that clean has of transactions, some for each day; `rawDay` is when Kafka got their messages. */
export function lockStored(
  client: ClientBase,
  { idsByDay }: Transactions,
  rawDay: BusinessDate,
): Promise<CleanRow[]>[] {
  const isUsual = (date: BusinessDate) =>
    Math.abs(dayNumberOf(rawDay) - dayNumberOf(date)) <= USUAL_DAYS
  return [...idsByDay].map(([date, ids]) => lockClean(client, { date, often: isUsual(date) }, ids))
}

/** Sends what a merge does to clean and what follows from it: live figures, conflicts, marks. */
export function writeMerge(
  client: ClientBase,
  at: Omit<StreamPosition, 'group'>,
  merge: BatchMerge,
): Promise<unknown>[] {
  const { deletes, inserts, updates, counted, conflicts, dirty } = merge
  const deltas = merge.deltas.all()
  return [
    ...[...deletes].map(([day, ids]) => deleteClean(client, day, ids)),
    // Before the inserts: a row that moves makes room for one that begins on its day.
    ...[...updates].map(([day, rows]) => updateClean(client, day, rows)),
    ...inserts.map((rows) => copyClean(client, rows)),
    ...[...counted].map(([day, rows]) => countMessages(client, day, rows)),
    ...(deltas.length === 0 ? [] : [addMinuteDeltas(client, at.partition, deltas)]),
    ...(conflicts.length === 0 ? [] : [insertConflicts(client, at, conflicts)]),
    ...(dirty.length === 0 ? [] : [markDirty(client, dirty)]),
  ]
}

/** Commits once these statements are sent; fails if one of them has. */
export async function commitAfter(
  client: ClientBase,
  statements: readonly Promise<unknown>[],
): Promise<void> {
  await unlessUnsent(statements)
  const [{ command }] = await Promise.all([client.query('commit'), ...statements])
  // A transaction that has failed is ended by COMMIT without an error.
  if (command !== 'COMMIT') throw new UpiError('BUG', `a transaction was ended by ${command}`)
}

// A statement that could not even be sent leaves its transaction sound: COMMIT must not follow it.
async function unlessUnsent(statements: readonly Promise<unknown>[]): Promise<void> {
  const failed = Promise.all(statements).then(() => {})
  await Promise.race([failed, setImmediate()])
}
