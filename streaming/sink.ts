import type { Pool } from 'pg'
import { BATCH_LOCK_SECONDS_MAX } from '../core/limits.ts'
import { partitionOf } from '../platform/partitioner.ts'
import { withConnection } from '../platform/postgres.ts'
import { encodeRaw } from '../platform/queries/raw.ts'
import { encodeRejected } from '../platform/queries/rejected.ts'
import type { TopicLog } from '../platform/topic-log.ts'
import type { Batch, PreparedBatch } from './batch.ts'
import { DayPartitions } from './day-partitions.ts'
import { groupByTransaction } from './merge-batch.ts'
import type { Message } from './merge-transaction.ts'
import { type Place, placeOffsets } from './place-offsets.ts'
import type { KafkaRecord } from './processor.ts'
import type { RulesVersion } from './rules.ts'
import { isDayGone, isRefusal, refuseAll, splitBatch } from './split-batch.ts'
import { type Written, writeBatch } from './write-batch.ts'

export type { Place, Written }

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
  write(batch: PreparedBatch): Promise<Written>
}

export interface SinkOptions {
  readonly pool: Pool
  readonly group: string
  readonly topic: string
  readonly rules: RulesVersion
  /** What Kafka has of the topic now. */
  readonly readLog: () => Promise<TopicLog>
  /** Told of a message that Postgres will not have: a bug of ours, to be logged. */
  readonly onRefused?: (record: KafkaRecord, fault: unknown) => void
}

/**
 * What the sink's sessions set. Every statement finds its rows by key, but for a day that is new the planner has no
 * figures and would rather read all of it; and a plan is good for any batch.
 */
export const SINK_SESSION = {
  lock_timeout: `${BATCH_LOCK_SECONDS_MAX}s`,
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  plan_cache_mode: 'force_generic_plan',
} as const

const NO_DAYS: ReadonlySet<string> = new Set()

/** Makes the sink that writes a batch to Postgres in one transaction, offset first. */
export function createSink(options: SinkOptions): Sink {
  const { pool, group, topic, rules } = options
  const days = new DayPartitions(pool)
  let partitions = 0

  async function readLog(): Promise<TopicLog> {
    const log = await options.readLog()
    partitions = log.partitions.size
    return log
  }

  function prepare(batch: Batch, archived: ReadonlySet<string> = NO_DAYS): PreparedBatch {
    const { accepted, rejected } = batch.outcome
    const present = accepted.filter(({ payment }) => !archived.has(payment.business_date))
    const at = { topic, epoch: batch.epoch, partition: batch.partition }
    return {
      ...batch,
      raw: encodeRaw(at, [...accepted, ...rejected]),
      rejected: encodeRejected(at, rejected),
      transactions: groupByTransaction(present),
      isKeyed: accepted.every((message) => isAtHome(message, partitions)),
    }
  }

  async function write(batch: PreparedBatch): Promise<Written> {
    try {
      return await writeWhole(batch)
    } catch (fault) {
      if (!isRefusal(fault)) throw fault
      return await writeParts(batch, fault)
    }
  }

  async function writeWhole(batch: PreparedBatch): Promise<Written> {
    try {
      return await writeDays(batch, await days.ensure(batch))
    } catch (fault) {
      if (!isDayGone(fault)) throw fault
      // Archived since it was last seen.
      days.forget()
      return await writeDays(batch, await days.ensure(batch))
    }
  }

  async function writeDays(batch: PreparedBatch, archived: ReadonlySet<string>): Promise<Written> {
    const at = { group, topic, epoch: batch.epoch, partition: batch.partition }
    const mergeable = archived.size === 0 ? batch : prepare(batch, archived)
    return await writeBatch(pool, at, { batch: mergeable, rulesVersion: rules.version })
  }

  // One message that Postgres will not have costs its own row: halves are written until it stands alone.
  async function writeParts(batch: PreparedBatch, fault: unknown): Promise<Written> {
    const parts = splitBatch(batch)
    if (parts === undefined) {
      const [message] = batch.outcome.accepted
      if (message === undefined) throw fault
      options.onRefused?.(message.record, fault)
      return await write(prepare(refuseAll(batch)))
    }
    const [first, second] = parts
    const written = await write(prepare(first))
    return addWritten(written, await write(prepare(second)))
  }

  return {
    findOffsets: (asked) =>
      withConnection(pool, (client) => placeOffsets(client, asked, { ...options, readLog })),
    prepare: (batch) => prepare(batch),
    write,
  }
}

// A key in another partition was put there by hand, by another kind of client, or before partitions were added: more
// messages of its transaction may lie where it belongs.
function isAtHome({ record, payment }: Message, partitions: number): boolean {
  const { key, partition } = record
  const { txn_id } = payment
  if (key?.length !== txn_id.length || key.toString('latin1') !== txn_id) return false
  return partitionOf(key, partitions) === partition
}

function addWritten(a: Written, b: Written): Written {
  const names = Object.keys(a) as (keyof Written)[]
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as Written
}
