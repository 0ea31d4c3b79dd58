import type { ClientBase, Pool } from 'pg'
import { CLEAN_HELD_MS_MAX } from '../core/limits.ts'
import { addDays, type BusinessDate } from '../core/time.ts'
import { messageOf, type ReadAgain } from '../platform/books/raw-messages.ts'
import { withConnection } from '../platform/postgres.ts'
import { findClean } from '../platform/queries/clean.ts'
import { ensurePartitions } from '../platform/queries/partitions.ts'
import { type Archived, findAccepted, redateRaw } from '../platform/queries/rebuild.ts'
import { insertBatch } from '../platform/queries/stream-batches.ts'
import { lockBatches } from '../platform/queries/stream-offsets.ts'
import {
  deleteConflicts,
  findConflicts,
  insertConflicts,
} from '../platform/queries/txn-conflicts.ts'
import {
  compareTransaction,
  type Difference,
  isMiscounted,
  type RawMessage,
  type RawTransaction,
} from './compare-transaction.ts'
import { BatchMerge, describeConflict } from './merge-batch.ts'
import { type Rebuilt, tally } from './rebuild-report.ts'
import { isDayGone } from './split-batch.ts'
import { commitAfter, writeMerge } from './write-merge.ts'

/** How many rows were taken away, by transaction. */
export type Absorbed = Readonly<Record<string, number>>

export interface RebuildWork {
  readonly date: BusinessDate
  readonly topic: string
  readonly rulesVersion: string
  readonly readAgain: ReadAgain
  readonly archived: Archived
  readonly dryRun: boolean
  /** Written in the transaction that changes something, with how many rows it takes away, by transaction. */
  readonly note: (client: ClientBase, rebuilt: Rebuilt, absorbed: Absorbed) => Promise<unknown>
  /** What was so noted of transactions. */
  readonly findNoted: (client: ClientBase, txnIds: readonly string[]) => Promise<Absorbed>
}

/**
 * Makes the rows of transactions what all their messages say, in one transaction while no batch is written: what the
 * stream has written before is in raw, and what it writes afterwards meets the rows as they are then. Only what differs
 * is written.
 */
export async function rebuildTransactions(
  pool: Pool,
  txnIds: readonly string[],
  work: RebuildWork,
): Promise<Rebuilt> {
  const days = new Set<BusinessDate>()
  try {
    return await rebuildOnce(pool, txnIds, { ...work, days })
  } catch (fault) {
    if (!isDayGone(fault)) throw fault
    await withConnection(pool, (client) =>
      ensurePartitions(client, 'clean_upi_transactions', [...days]),
    )
    return await rebuildOnce(pool, txnIds, { ...work, days })
  }
}

async function rebuildOnce(
  pool: Pool,
  txnIds: readonly string[],
  work: RebuildWork & { days: Set<BusinessDate> },
): Promise<Rebuilt> {
  return await withConnection(pool, async (client) => {
    await client.query(
      `begin isolation level ${work.dryRun ? 'repeatable read' : 'read committed'}`,
    )
    await client.query(`set local transaction_timeout = ${CLEAN_HELD_MS_MAX}`)
    if (!work.dryRun) await lockBatches(client, true)
    const { transactions, left } = await readTransactions(client, txnIds, work)
    const differing = transactions.flatMap((transaction) => {
      const difference = compareTransaction(transaction, work.rulesVersion)
      return difference === undefined ? [] : [{ ...transaction, ...difference }]
    })
    const days = new Set(differing.flatMap(daysOf))
    for (const day of days) work.days.add(day)
    const reasons = differing.flatMap(({ txnId, reasons }) =>
      reasons.map((reason) => [reason, txnId] as const),
    )
    const rebuilt: Rebuilt = {
      changed: differing.length,
      reasons: tally(reasons),
      left: tally(left),
      days: [...days].toSorted(),
    }
    if (work.dryRun || differing.length === 0) await client.query('rollback')
    else {
      const absorbed = Object.fromEntries(
        differing.flatMap(({ txnId, books }) =>
          books.absorbed > 0 ? [[txnId, books.absorbed]] : [],
        ),
      )
      const noted = work.note(client, rebuilt, absorbed)
      await commitAfter(client, [...write(client, differing, work), noted])
    }
    return rebuilt
  })
}

type Differing = Difference & Omit<RawTransaction, 'logged'>

function daysOf({ effect, stored }: Differing): BusinessDate[] {
  const isChanged = effect.absorbed.length > 0 || effect.rows.some((row) => !isSame(row))
  if (!isChanged) return []
  return [...effect.rows, ...stored].map(({ payment }) => payment.business_date)
}

function isSame({ payment, stored }: Difference['effect']['rows'][number]): boolean {
  return stored?.payment === payment
}

/** All that there is of transactions; those that cannot be judged are left alone, and said why. */
async function readTransactions(
  client: ClientBase,
  txnIds: readonly string[],
  { readAgain, archived, dryRun, findNoted }: RebuildWork,
): Promise<{ transactions: RawTransaction[]; left: (readonly [string, string])[] }> {
  const rows = await findAccepted(client, txnIds)
  const stored = Map.groupBy(
    await findClean(client, txnIds, { locked: !dryRun }),
    ({ payment }) => payment.txn_id,
  )
  const logged = Map.groupBy(await findConflicts(client, txnIds), ({ txn_id }) => txn_id)
  const records = rows.map(messageOf)
  const results = await readAgain(records)
  const messages = new Map<string, RawMessage[]>()
  const left = new Map<string, string>()
  for (const [index, row] of rows.entries()) {
    const result = results[index]
    if (!result?.ok) left.set(row.txn_id, `refused now: ${result?.reasons[0]?.code}`)
    else if (result.value.txn_id !== row.txn_id) left.set(row.txn_id, 'refused now: another id')
    else {
      const own = messages.get(row.txn_id) ?? []
      if (own.length === 0) messages.set(row.txn_id, own)
      own.push({
        record: records[index] as RawMessage['record'],
        payment: result.value,
        topic: row.topic,
        epoch: row.epoch,
        rawDay: row.raw_day,
        rawDate: row.business_date,
        rulesVersion: row.rules_version,
        maybePending: (row.pending ?? 0) > 0,
      })
    }
  }
  const transactions: RawTransaction[] = []
  for (const txnId of txnIds) {
    const transaction = {
      txnId,
      messages: messages.get(txnId) ?? [],
      stored: stored.get(txnId) ?? [],
      logged: logged.get(txnId) ?? [],
      absorbedBefore: 0,
    }
    if (isArchived(transaction, archived)) left.set(txnId, 'in the lake')
    if (!left.has(txnId)) transactions.push(transaction)
  }
  const miscounted = transactions.filter(isMiscounted).map(({ txnId }) => txnId)
  const noted = miscounted.length === 0 ? {} : await findNoted(client, miscounted)
  for (const [index, transaction] of transactions.entries()) {
    const absorbedBefore = noted[transaction.txnId]
    if (absorbedBefore !== undefined) transactions[index] = { ...transaction, absorbedBefore }
  }
  return { transactions, left: [...left].map(([txnId, why]) => [why, txnId] as const) }
}

/** Whether clean or raw may have more of a transaction that is in the lake. */
function isArchived({ messages, stored }: RawTransaction, { days, rawUntil }: Archived): boolean {
  const dates = [
    ...stored.map(({ payment }) => payment.business_date),
    ...messages.flatMap(({ payment, rawDate }) => [payment.business_date, rawDate]),
  ]
  // Kafka gets a message on the UTC day before its business date at the earliest.
  const first = dates.toSorted()[0]
  const isCut = rawUntil !== undefined && first !== undefined && addDays(first, -1) <= rawUntil
  return isCut || dates.some((date) => days.has(date))
}

function write(
  client: ClientBase,
  differing: readonly Differing[],
  work: RebuildWork,
): Promise<unknown>[] {
  const merge = new BatchMerge()
  for (const { effect } of differing) merge.merge(effect)
  const first = differing.flatMap(({ messages }) => messages)[0]
  const at = {
    topic: first?.topic ?? work.topic,
    epoch: first?.epoch ?? 0,
    partition: first?.record.partition ?? 0,
  }
  const unlogged = differing.flatMap((each) => each.unlogged)
  const redated = differing.flatMap((each) => each.redated)
  const offset = BigInt(first?.record.offset ?? 0)
  return [
    ...writeMerge(client, at, merge),
    ...(unlogged.length === 0 ? [] : [deleteConflicts(client, unlogged)]),
    ...logged(client, differing),
    ...(redated.length === 0 ? [] : [redateRaw(client, redated.map(newDate))]),
    insertBatch(client, at, {
      kind: 'rebuild',
      from: offset,
      next: offset + 1n,
      rawDay: first?.rawDay ?? work.date,
      rulesVersion: work.rulesVersion,
      books: booksOf(differing),
    }),
  ]
}

function logged(client: ClientBase, differing: readonly Differing[]): Promise<unknown>[] {
  const places = Map.groupBy(
    differing.flatMap((each) => each.logged),
    ({ message }) => JSON.stringify([message.topic, message.epoch, message.record.partition]),
  )
  return [...places].map(([place, conflicts]) => {
    const [topic, epoch, partition] = JSON.parse(place) as [string, number, number]
    return insertConflicts(client, { topic, epoch, partition }, conflicts.map(describeConflict))
  })
}

function newDate({ topic, epoch, record, payment }: RawMessage) {
  const { partition, offset, timestampMs: kafka_ms } = record
  return { topic, epoch, partition, offset, kafka_ms, business_date: payment.business_date }
}

function booksOf(differing: readonly Differing[]) {
  const sum = (name: keyof Difference['books']) =>
    differing.reduce((all, { books }) => all + books[name], 0)
  return {
    messages: 0,
    accepted: 0,
    rejected: 0,
    inserted: sum('inserted'),
    merged: sum('merged'),
    duplicate: 0,
    conflicting: sum('conflicting'),
    pending: sum('pending'),
    absorbed: sum('absorbed'),
    gaps: 0,
    warnings: 0,
  }
}
