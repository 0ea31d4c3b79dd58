import type { Pool } from 'pg'
import { UpiError } from '../core/errors.ts'
import { FROZEN_SECONDS_MIN } from '../core/limits.ts'
import { formatInstant } from '../core/time.ts'
import { withConnection } from '../platform/postgres.ts'
import { copyRaw } from '../platform/queries/raw.ts'
import { copyRejected } from '../platform/queries/rejected.ts'
import { type BatchBooks, insertBatch } from '../platform/queries/stream-batches.ts'
import {
  advanceOffset,
  endFrozenBatches,
  lockBatches,
  type StreamPosition,
} from '../platform/queries/stream-offsets.ts'
import type { PreparedBatch } from './batch.ts'
import { type BatchMerge, mergeBatch } from './merge-batch.ts'
import { isRace } from './split-batch.ts'
import { commitAfter, lockStored, writeMerge } from './write-merge.ts'

/** The books of a batch, and what else its write came to. */
export interface Written extends BatchBooks {
  /** Messages whose status contradicts what was known; they are merged all the same. */
  readonly statusConflicts: number
  /** How many transactions ran beside no other, of one unless the batch had to be halved. */
  readonly alone: number
  /** How long it took to find what clean has, to merge with it, and to write and commit. */
  readonly findMs: number
  readonly mergeMs: number
  readonly commitMs: number
}

interface Work {
  readonly batch: PreparedBatch
  readonly rulesVersion: string
}

/**
 * Writes a batch in one transaction. Messages of one transaction meet in one partition if its id is their key and they
 * lie where that belongs; only batches with others must not run beside any batch. Should such a pair have met all the
 * same, Postgres says so and the batch is written again, alone.
 */
export async function writeBatch(pool: Pool, at: StreamPosition, work: Work): Promise<Written> {
  try {
    return await writeOnce(pool, at, { ...work, isAlone: !work.batch.isKeyed })
  } catch (fault) {
    if (isRace(fault)) return await writeOnce(pool, at, { ...work, isAlone: true })
    if (isLockTimeout(fault)) await endFrozenBatches(pool, FROZEN_SECONDS_MIN)
    throw fault
  }
}

function isLockTimeout(fault: unknown): boolean {
  return (fault as { code?: string } | null)?.code === '55P03'
}

/**
 * Two round trips on a pipelined connection, once a transaction is there: first the offset, taken from whoever else would
 * move it, the rows that clean has, and raw; then everything that follows from them, and the commit.
 */
async function writeOnce(
  pool: Pool,
  at: StreamPosition,
  { batch, rulesVersion, isAlone }: Work & { isAlone: boolean },
): Promise<Written> {
  const beganMs = performance.now()
  return await withConnection(pool, async (client) => {
    // Alone: were it cancelled, what is sent behind it would be committed statement by statement.
    await client.query('begin')
    const found = Promise.all([
      advanceOffset(client, at, moveOf(batch)),
      lockBatches(client, isAlone),
      ...lockStored(client, batch.transactions, batch.rawDay),
    ])
    // Postgres takes them in while the rest is merged; how that went is asked with the commit.
    const raw = copyRaw(client, batch.raw)
    raw.catch(() => {})
    const [isOwner, , ...stored] = await found
    if (!isOwner) {
      throw new UpiError('OWNER_STALE', `partition ${at.partition} has moved on from ${batch.from}`)
    }
    const foundMs = performance.now()
    const merge = mergeBatch(batch.transactions, stored.flat())
    const books = booksOf(batch, merge)
    const statements = [
      raw,
      ...writeMerge(client, at, merge),
      ...(batch.outcome.rejected.length === 0 ? [] : [copyRejected(client, batch.rejected)]),
      insertBatch(client, at, { ...batch, books, rulesVersion }),
    ]
    const mergedMs = performance.now()
    await commitAfter(client, statements)
    return {
      ...books,
      statusConflicts: merge.conflicts.length - books.conflicting,
      alone: isAlone ? 1 : 0,
      findMs: foundMs - beganMs,
      mergeMs: mergedMs - foundMs,
      commitMs: performance.now() - mergedMs,
    }
  })
}

function booksOf(batch: PreparedBatch, { counts }: BatchMerge): BatchBooks {
  const { accepted, rejected, warnings } = batch.outcome
  const messages = accepted.length + rejected.length
  const { inserted, merged, duplicate, conflicting } = counts
  return {
    messages,
    accepted: accepted.length,
    rejected: rejected.length,
    ...counts,
    pending: accepted.length - inserted - merged - duplicate - conflicting,
    gaps: Number(batch.next - batch.from) - messages,
    warnings,
  }
}

function moveOf({ from, next, latestMs, outcome: { accepted } }: PreparedBatch) {
  const latest = accepted.reduce((max, { payment }) => Math.max(max, payment.event_time), -Infinity)
  return {
    from,
    next,
    maxEventTime: accepted.length === 0 ? null : formatInstant(latest),
    maxKafkaTime: formatInstant(1000 * latestMs),
  }
}
