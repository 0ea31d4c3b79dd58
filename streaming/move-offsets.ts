import type { ClientBase } from 'pg'
import { UpiError } from '../core/errors.ts'
import { noteByHand } from '../platform/queries/audit-log.ts'
import { beginEpoch, findCluster, findEpoch } from '../platform/queries/stream-epochs.ts'
import { insertGap, trimGaps } from '../platform/queries/stream-gaps.ts'
import {
  beginOffset,
  findOffsets,
  moveOffset,
  type StoredOffset,
  type StreamPosition,
} from '../platform/queries/stream-offsets.ts'
import type { TopicLog } from '../platform/topic-log.ts'
import { isAnotherLog, lossOf, otherCluster } from './find-loss.ts'

/** Whose offsets are moved, by whom, and what Kafka says now. */
export interface Mover {
  readonly group: string
  readonly topic: string
  /** The stored offsets, read before the log. */
  readonly stored: ReadonlyMap<number, StoredOffset>
  readonly log: TopicLog
  /** How many workers are in the group. */
  readonly members: number
  readonly actor: string
}

export type Target =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'offset'; readonly offset: bigint }

export interface Move {
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

/**
 * Lets partitions go on elsewhere, within the caller's transaction. What is passed over is recorded as a gap with the
 * actor's name; what is sought back to is read again, but for what has been written. A partition that a worker may be
 * reading is refused; one that stands still because its messages have expired is not.
 */
export async function seekOffsets(
  client: ClientBase,
  partitions: readonly number[],
  { target, ...mover }: Mover & { target: Target },
): Promise<Move[]> {
  const { group, topic, log } = mover
  const at = { group, topic, epoch: await findEpoch(client, topic) }
  await refuseOtherCluster(client, at, log)
  const moves: Move[] = []
  for (const partition of partitions) {
    const from = await findFrom(client, { ...at, partition }, mover)
    const to = await findTo({ ...at, partition }, { target, log })
    await applyMove(client, { ...at, partition }, { from, to, ...mover })
    moves.push({ partition, from, to })
  }
  return moves
}

/**
 * Accepts a topic that was made anew, or another cluster, as the next epoch, within the caller's transaction: offsets
 * begin at the log's start, and what was read of the log before stays what it is.
 */
export async function adoptLog(
  client: ClientBase,
  { reason, ...mover }: Mover & { reason: string },
): Promise<number> {
  const { group, topic, log, members, actor } = mover
  const epoch = await findEpoch(client, topic)
  const readable = await findReadable(client, { topic, epoch }, mover)
  if (members > 0 && readable.length > 0) throw workerRuns(mover, readable[0] as number)
  const next = { topic, epoch: epoch + 1 }
  if (!(await beginEpoch(client, { ...next, clusterId: log.clusterId, actor, reason }))) {
    throw new UpiError('OFFSETS_HELD', `somebody else has just adopted the log of ${topic}`)
  }
  for (const [partition, { start }] of log.partitions) {
    await beginOffset(client, { ...next, group, partition }, start)
  }
  const subject = `${topic}: epoch ${next.epoch}, cluster ${log.clusterId}`
  await noteByHand(client, { actor, action: 'offsets adopt', subject })
  return next.epoch
}

/** The partitions that could still be read; throws unless there is one that shows another log. */
async function findReadable(
  client: ClientBase,
  at: { topic: string; epoch: number },
  { stored, log }: Omit<Mover, 'reason'>,
): Promise<number[]> {
  const cluster = await findCluster(client, at)
  if (cluster !== null && cluster !== log.clusterId) return []
  let isChanged = false
  const readable: number[] = []
  for (const [partition, from] of stored) {
    const loss = await lossOf({ topic: at.topic, partition }, from, log)
    if (loss === undefined) readable.push(partition)
    else if (isAnotherLog(loss)) isChanged = true
  }
  if (isChanged) return readable
  throw new UpiError(
    'OFFSETS_HELD',
    `there is nothing to adopt: ${at.topic} is the log that is read`,
    {
      fix: './upi offsets list shows where it stands',
    },
  )
}

async function refuseOtherCluster(
  client: ClientBase,
  at: { topic: string; epoch: number },
  log: TopicLog,
): Promise<void> {
  const was = await findCluster(client, at)
  if (was !== null && was !== log.clusterId) {
    throw otherCluster(at.topic, { was, is: log.clusterId })
  }
}

async function findFrom(client: ClientBase, at: StreamPosition, mover: Mover): Promise<bigint> {
  const { log, members } = mover
  const bounds = log.partitions.get(at.partition)
  if (bounds === undefined) {
    throw new UpiError('OPTION_INVALID', `${at.topic} has no partition ${at.partition}`)
  }
  await beginOffset(client, at, bounds.start)
  const begun = await findOffsets(client, at)
  const stored = mover.stored.get(at.partition) ?? (begun.get(at.partition) as StoredOffset)
  const loss = await lossOf(at, stored, log)
  if (loss !== undefined && isAnotherLog(loss)) throw loss
  if (loss === undefined && members > 0) throw workerRuns(mover, at.partition)
  return stored.next
}

function workerRuns({ group, members }: Mover, partition: number): UpiError {
  const who = members === 1 ? 'a worker' : `${members} workers`
  return new UpiError(
    'OFFSETS_HELD',
    `${who} of group ${group} may be reading partition ${partition}`,
    {
      fix: 'stop the stream first: ./upi down; ./upi up --only postgres,kafka --detach (one that was killed counts for some seconds)',
    },
  )
}

async function findTo(
  { topic, partition }: StreamPosition,
  { target, log }: { target: Target; log: TopicLog },
): Promise<bigint> {
  const { start, end } = log.partitions.get(partition) as { start: bigint; end: bigint }
  if (target.kind === 'earliest') return start
  const to =
    target.kind === 'offset' ? target.offset : ((await log.offsetAt(partition, target.ms)) ?? end)
  if (to >= start && to <= end) return to
  throw new UpiError(
    'OPTION_INVALID',
    `${topic} partition ${partition} has offsets ${start} to ${end}, not ${to}`,
  )
}

async function applyMove(
  client: ClientBase,
  at: StreamPosition,
  { from, to, log, actor }: Mover & Pick<Move, 'from' | 'to'>,
): Promise<void> {
  if (from === to) return
  if (to < from) await trimGaps(client, at, to)
  else {
    const { start } = log.partitions.get(at.partition) as { start: bigint }
    const kept = from < start ? start : from
    if (from < kept) {
      await insertGap(client, at, { first: from, next: kept, reason: 'expired', actor })
    }
    if (kept < to) await insertGap(client, at, { first: kept, next: to, reason: 'seek', actor })
  }
  if (!(await moveOffset(client, at, { from, to, isUnread: to > from }))) {
    throw new UpiError('OFFSETS_HELD', `partition ${at.partition} has moved on from ${from}`, {
      fix: 'stop ./upi stream first',
    })
  }
  const subject = `${at.topic} partition ${at.partition}: ${from} to ${to}`
  await noteByHand(client, { actor, action: 'offsets seek', subject })
}
