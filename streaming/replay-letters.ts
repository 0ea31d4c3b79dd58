import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase, Pool } from 'pg'
import { UpiError } from '../core/errors.ts'
import { CLEAN_HELD_MS_MAX, LETTER_WAIT_MS_MAX } from '../core/limits.ts'
import { withConnection } from '../platform/postgres.ts'
import { ensurePartitions } from '../platform/queries/partitions.ts'
import {
  acceptRaw,
  holdLetters,
  resolveLetters,
  unresolvedLetters,
} from '../platform/queries/replayed-letters.ts'
import { type BatchBooks, insertBatch } from '../platform/queries/stream-batches.ts'
import { lockBatches } from '../platform/queries/stream-offsets.ts'
import { type BatchMerge, groupByTransaction, mergeBatch } from './merge-batch.ts'
import type { Message } from './merge-transaction.ts'
import { isDayGone, isRefusal } from './split-batch.ts'
import { commitAfter, lockStored, writeMerge } from './write-merge.ts'

/** Letters of one partition and UTC day that the rules accept now. */
export interface Replay {
  readonly topic: string
  readonly epoch: number
  readonly partition: number
  readonly rawDay: string
  readonly messages: readonly Message[]
  readonly warnings: number
}

/** How a replay is written down. */
export interface ReplayedBy {
  readonly rulesVersion: string
  readonly resolvedBy: string
}

/** What became of a letter that the rules accept; `taken`: somebody else has resolved it; `refused`: by Postgres. */
export type ReplayOutcome = 'accepted' | 'conflicting' | 'pending' | 'taken' | 'refused'

const LOOK_AGAIN_MS = 250

/**
 * Merges letters into clean by the sink's own merge, each in the transaction that resolves it. Meanwhile no batch is
 * written: a letter may be of any transaction that one of them has in hand. Gives what became of each, by offset.
 */
export async function replayLetters(
  pool: Pool,
  replay: Replay,
  by: ReplayedBy,
): Promise<Map<string, ReplayOutcome>> {
  const outcomes = new Map<string, ReplayOutcome>()
  const giveUpAt = performance.now() + LETTER_WAIT_MS_MAX
  let left = replay.messages
  for (;;) {
    await replayHeld(pool, { ...replay, messages: left }, by, outcomes)
    left = left.filter(({ record }) => !outcomes.has(record.offset))
    if (left.length === 0) return outcomes
    // The relay has them in hand, or another replay, or who discards them.
    const offsets = left.map(({ record }) => record.offset)
    const open = await withConnection(pool, (client) => unresolvedLetters(client, replay, offsets))
    for (const offset of offsets) if (!open.has(offset)) outcomes.set(offset, 'taken')
    left = left.filter(({ record }) => open.has(record.offset))
    if (left.length === 0) return outcomes
    if (performance.now() > giveUpAt) {
      throw new UpiError('POSTGRES_BUSY', `${left.length} dead letters are in other hands`)
    }
    await sleep(LOOK_AGAIN_MS)
  }
}

type Outcomes = Map<string, ReplayOutcome>

async function replayHeld(
  pool: Pool,
  replay: Replay,
  by: ReplayedBy,
  outcomes: Outcomes,
): Promise<void> {
  try {
    const written = await replayDays(pool, replay, by)
    for (const [offset, outcome] of written) outcomes.set(offset, outcome)
  } catch (fault) {
    if (!isRefusal(fault)) throw fault
    const [first] = replay.messages
    if (replay.messages.length === 1 && first !== undefined) {
      outcomes.set(first.record.offset, 'refused')
      return
    }
    // One that Postgres will not have stays a dead letter, alone.
    const middle = replay.messages.length >> 1
    const parts = [replay.messages.slice(0, middle), replay.messages.slice(middle)]
    for (const messages of parts) await replayHeld(pool, { ...replay, messages }, by, outcomes)
  }
}

async function replayDays(pool: Pool, replay: Replay, by: ReplayedBy): Promise<Outcomes> {
  try {
    return await replayOnce(pool, replay, { ...by, archived: await ensureDays(pool, replay) })
  } catch (fault) {
    if (!isDayGone(fault)) throw fault
    return await replayOnce(pool, replay, { ...by, archived: await ensureDays(pool, replay) })
  }
}

/** Sees to the days of messages before the transaction begins; gives those that are archived. */
async function ensureDays(pool: Pool, { messages }: Replay): Promise<Set<string>> {
  const days = [...new Set(messages.map(({ payment }) => payment.business_date))]
  const made = await withConnection(pool, (client) =>
    ensurePartitions(client, 'clean_upi_transactions', days),
  )
  return new Set(made.filter(({ outcome }) => outcome === 'archived').map(({ day }) => day))
}

async function replayOnce(
  pool: Pool,
  replay: Replay,
  { archived, rulesVersion, resolvedBy }: ReplayedBy & { archived: ReadonlySet<string> },
): Promise<Outcomes> {
  return await withConnection(pool, async (client) => {
    await begin(client)
    const offsets = replay.messages.map(({ record }) => record.offset)
    const held = await holdLetters(client, replay, offsets)
    const messages = replay.messages.filter(({ record }) => held.has(record.offset))
    const isPending = ({ payment }: Message) => archived.has(payment.business_date)
    const transactions = groupByTransaction(messages.filter((message) => !isPending(message)))
    const [, ...stored] = await Promise.all([
      lockBatches(client, true),
      ...lockStored(client, transactions, replay.rawDay),
    ])
    const merge = mergeBatch(transactions, stored.flat())
    const outcomes = outcomesOf(messages, merge, isPending)
    if (messages.length === 0) {
      await client.query('rollback')
      return outcomes
    }
    const own = messages.map(({ record }) => record.offset)
    await Promise.all([
      expectAll(acceptRaw(client, replay, messages), messages.length),
      expectAll(resolveLetters(client, replay, own, resolvedBy), messages.length),
    ])
    const booked = { ...replay, messages }
    await commitAfter(client, [
      ...writeMerge(client, replay, merge),
      insertBatch(client, replay, {
        kind: 'replay',
        from: BigInt(own[0] as string),
        next: BigInt(own.at(-1) as string) + 1n,
        rawDay: replay.rawDay,
        rulesVersion,
        books: booksOf(booked, merge),
      }),
    ])
    return outcomes
  })
}

/** Begins a transaction that the stream may have to wait for: whoever stops in the middle of it does not stop it. */
async function begin(client: ClientBase): Promise<void> {
  await client.query('begin')
  await client.query(`set local transaction_timeout = ${CLEAN_HELD_MS_MAX}`)
}

async function expectAll(count: Promise<number>, expected: number): Promise<void> {
  const found = await count
  if (found === expected) return
  throw new UpiError('BUG', `${expected} rejected messages were to be accepted, ${found} are there`)
}

function outcomesOf(
  messages: readonly Message[],
  merge: BatchMerge,
  isPending: (message: Message) => boolean,
): Outcomes {
  const conflicting = new Set(
    merge.conflicts.filter(({ kind }) => kind === 'identity').map(({ offset }) => offset),
  )
  return new Map(
    messages.map((message) => {
      const { offset } = message.record
      if (isPending(message)) return [offset, 'pending']
      return [offset, conflicting.has(offset) ? 'conflicting' : 'accepted']
    }),
  )
}

// The original day gets them as accepted instead of rejected; its messages are as many as before.
function booksOf({ messages, warnings }: Replay, { counts }: BatchMerge): BatchBooks {
  const accepted = messages.length
  const { inserted, merged, duplicate, conflicting } = counts
  return {
    messages: 0,
    accepted,
    rejected: -accepted,
    ...counts,
    pending: accepted - inserted - merged - duplicate - conflicting,
    gaps: 0,
    warnings,
  }
}
