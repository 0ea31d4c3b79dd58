import type { ClientBase, Pool } from 'pg'
import { UpiError } from '../core/errors.ts'
import { PARTITION_DAYS_AT_ONCE } from '../core/limits.ts'
import { identityOf } from '../core/merge.ts'
import { addDays, formatInstant } from '../core/time.ts'
import { type CleanRow, findIdentities, mergeClean } from '../platform/queries/clean.ts'
import { ensurePartitions, type PartitionedTable } from '../platform/queries/partitions.ts'
import { insertRaw } from '../platform/queries/raw.ts'
import { insertRejected } from '../platform/queries/rejected.ts'
import { type BatchBooks, insertBatch } from '../platform/queries/stream-batches.ts'
import { advanceOffset, type StreamPosition } from '../platform/queries/stream-offsets.ts'
import type { TopicLog } from '../platform/topic-log.ts'
import { foldBatch, keyOf } from './fold-batch.ts'
import { type Place, placeOffsets } from './place-offsets.ts'
import type { RulesVersion } from './rules.ts'
import type { Outcome } from './run-pipeline.ts'

export type { BatchBooks, Place }

export interface Batch {
  readonly partition: number
  readonly epoch: number
  /** The stored offset that this batch continues. */
  readonly from: bigint
  /** The offset after the last that this batch covers. */
  readonly next: bigint
  /** The UTC day of Kafka's time of all its messages. */
  readonly rawDay: string
  /** The latest of Kafka's times that it covers, markers' too, in milliseconds. */
  readonly latestMs: number
  readonly outcome: Outcome
}

/**
 * Where batches go. `write` is called with one batch of a partition at a time, in order, and either makes all of it
 * durable or nothing. It throws OWNER_STALE when another worker has moved the offset: read it again. Whatever a
 * passing outage makes it throw, the same batch may be written again.
 */
export interface Sink {
  /** Where partitions go on; a partition that cannot has its reason instead. */
  findOffsets(partitions: readonly number[]): Promise<Map<number, Place>>
  /** What can be done for a batch while the one before it is still being written; only computes, never throws. */
  prepare(batch: Batch): PreparedBatch
  write(batch: PreparedBatch, heartbeat: () => Promise<void>): Promise<BatchBooks>
}

export type PreparedBatch = Batch

export interface SinkOptions {
  readonly pool: Pool
  readonly group: string
  readonly topic: string
  readonly rules: RulesVersion
  /** What Kafka has of the topic now. */
  readonly readLog: () => Promise<TopicLog>
}

/** Makes the sink that writes a batch to Postgres in one transaction, offset first. */
export function createSink(options: SinkOptions): Sink {
  const { pool, group, topic } = options
  const madeDays: MadeDays = {
    raw_upi_transactions: new Set(),
    clean_upi_transactions: new Set(),
  }
  return {
    findOffsets: (partitions) =>
      withClient(pool, (client) => placeOffsets(client, partitions, options)),
    prepare: (batch) => batch,
    async write(batch, heartbeat) {
      const at = { group, topic, epoch: batch.epoch, partition: batch.partition }
      await makePartitions(pool, batch, { made: madeDays, heartbeat })
      return inTransaction(pool, (client) => writeBatch(client, at, batch, options.rules.version))
    },
  }
}

async function writeBatch(
  client: ClientBase,
  at: StreamPosition,
  batch: Batch,
  rulesVersion: string,
): Promise<BatchBooks> {
  const { accepted, rejected } = batch.outcome
  const isOwner = await advanceOffset(client, at, {
    from: batch.from,
    next: batch.next,
    maxEventTime: latestEvent(batch.outcome),
    maxKafkaMs: batch.latestMs,
  })
  if (!isOwner) {
    throw new UpiError('OWNER_STALE', `partition ${at.partition} has moved on from ${batch.from}`)
  }
  await insertRaw(client, at, batch.outcome)
  const merged = await mergeAccepted(client, batch.outcome)
  await insertRejected(client, at, rejected)
  const messages = accepted.length + rejected.length
  const books: BatchBooks = {
    messages,
    accepted: accepted.length,
    rejected: rejected.length,
    ...merged,
    gaps: Number(batch.next - batch.from) - messages,
    warnings: batch.outcome.warnings,
  }
  await insertBatch(client, at, { ...batch, books, rulesVersion })
  return books
}

type Counts = Record<'inserted' | 'merged' | 'duplicate' | 'conflicting', number>

/**
 * Merges what a batch says into clean. The first message of a transaction gives it its identity: where clean has the row
 * already, that is the row's, and of the batch's claims the one that agrees with it is merged.
 */
async function mergeAccepted(client: ClientBase, { accepted }: Outcome): Promise<Counts> {
  const claims = foldBatch(accepted.map(({ payment }) => payment))
  const counts = { inserted: 0, merged: 0, duplicate: 0, conflicting: accepted.length }
  const refused = await mergeRows(client, [...claims.values()].flatMap(firstOf), counts)
  const others = refused.filter((key) => (claims.get(key)?.length ?? 0) > 1)
  if (others.length > 0) {
    const stored = await findIdentities(
      client,
      others.flatMap((key) => claims.get(key) ?? []),
    )
    const agreeing = stored.flatMap((row) =>
      (claims.get(keyOf(row)) ?? []).filter(
        (claim) => identityOf(claim.payment) === identityOf(row),
      ),
    )
    await mergeRows(client, agreeing, counts)
  }
  return counts
}

function firstOf([first]: readonly CleanRow[]): CleanRow[] {
  return first === undefined ? [] : [first]
}

/** Merges rows and counts their messages by effect; gives the keys whose rows have another identity. */
async function mergeRows(
  client: ClientBase,
  rows: readonly CleanRow[],
  counts: Counts,
): Promise<string[]> {
  const effects = new Map((await mergeClean(client, rows)).map((row) => [keyOf(row), row.effect]))
  const refused: string[] = []
  for (const { payment, messages, changes } of rows) {
    const effect = effects.get(keyOf(payment))
    if (effect === undefined) {
      refused.push(keyOf(payment))
      continue
    }
    const later = effect === 'duplicate' ? 0 : changes
    counts[effect] += 1
    counts.merged += later
    counts.duplicate += messages - 1 - later
    counts.conflicting -= messages
  }
  return refused
}

function latestEvent({ accepted }: Outcome): string | null {
  const latest = accepted.reduce((max, { payment }) => Math.max(max, payment.event_time), -Infinity)
  return accepted.length === 0 ? null : formatInstant(latest)
}

// Days are there before their first row comes, so that midnight is like any other moment.
const DAYS_AHEAD = 3

/** Days are made before the batch's transaction begins, so that making one can neither fail it nor hold its locks. */
async function makePartitions(
  pool: Pool,
  batch: Batch,
  { made, heartbeat }: { made: MadeDays; heartbeat: () => Promise<void> },
): Promise<void> {
  const coming = Array.from({ length: DAYS_AHEAD + 1 }, (_, days) => addDays(batch.rawDay, days))
  const business = new Set(batch.outcome.accepted.map(({ payment }) => payment.business_date))
  const wanted: [PartitionedTable, Iterable<string>][] = [
    ['raw_upi_transactions', coming],
    ['clean_upi_transactions', [...coming, ...business]],
  ]
  for (const [table, days] of wanted) {
    const missing = [...new Set(days)].filter((day) => !made[table].has(day))
    while (missing.length > 0) {
      const some = missing.splice(0, PARTITION_DAYS_AT_ONCE)
      await withClient(pool, (client) => ensurePartitions(client, table, some))
      for (const day of some) made[table].add(day)
      await heartbeat()
    }
  }
}

type MadeDays = Record<PartitionedTable, Set<string>>

async function withClient<T>(pool: Pool, work: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}

async function inTransaction<T>(pool: Pool, work: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let isBroken = true
  try {
    await client.query('begin')
    const value = await work(client)
    await client.query('commit')
    isBroken = false
    return value
  } catch (fault) {
    await client.query('rollback').then(
      () => {
        isBroken = false
      },
      () => {},
    )
    throw fault
  } finally {
    client.release(isBroken)
  }
}
