import type { ClientBase } from 'pg'
import { UpiError } from '../core/errors.ts'
import { requireSchema } from '../platform/migrate.ts'
import { noteRules } from '../platform/queries/stream-batches.ts'
import { findEpoch, noteCluster } from '../platform/queries/stream-epochs.ts'
import { findWritten, type Span } from '../platform/queries/stream-gaps.ts'
import {
  beginOffset,
  findOffsets,
  findOtherGroup,
  moveOffset,
  type StoredOffset,
  type StreamPosition,
} from '../platform/queries/stream-offsets.ts'
import type { TopicLog } from '../platform/topic-log.ts'
import { lossOf, otherCluster, partitionGone } from './find-loss.ts'
import type { RulesVersion } from './rules.ts'

/** Whose offsets to place. */
export interface Reader {
  readonly group: string
  readonly topic: string
  readonly rules: RulesVersion
  /** What Kafka has of the topic now. */
  readonly readLog: () => Promise<TopicLog>
}

/** Where a partition goes on, or why it cannot before a person has decided. */
export type Place = Placed | { readonly lost: UpiError }

export interface Placed {
  readonly epoch: number
  readonly offset: bigint
  /** What follows from here on is written already: place again when it is reached. */
  readonly until?: bigint
}

/**
 * Where the partitions go on: their stored offsets, or the log's start for those that were never read. A partition whose
 * offset means nothing any more has the line that says so instead; so has one that the topic no longer has, asked for or
 * not. Throws where none may be read.
 */
export async function placeOffsets(
  client: ClientBase,
  partitions: readonly number[],
  reader: Reader,
): Promise<Map<number, Place>> {
  const { topic, rules } = reader
  await requireSchema(client)
  await noteRules(client, rules.version, rules.settings)
  // Before the log: read after it, a partition that goes on meanwhile would seem to lie beyond the log's end.
  const { at, stored, written } = await readStored(client, reader, partitions)
  const log = await readLogOf(reader)
  if (log instanceof UpiError) return new Map(partitions.map((each) => [each, { lost: log }]))
  refuseClaimedTimes(topic, log)
  const cluster = await noteCluster(client, { ...at, clusterId: log.clusterId })
  if (cluster !== log.clusterId) {
    const lost = otherCluster(topic, { was: cluster, is: log.clusterId })
    return new Map(partitions.map((each) => [each, { lost }]))
  }
  const fresh = partitions.filter((each) => !stored.has(each))
  if (fresh.length > 0) await refuseOtherGroup(client, at)
  const places = new Map<number, Place>()
  for (const partition of new Set([...partitions, ...stored.keys()])) {
    const bounds = log.partitions.get(partition)
    if (bounds === undefined) places.set(partition, { lost: partitionGone(topic, partition) })
    else if (fresh.includes(partition)) {
      await beginOffset(client, { ...at, partition }, bounds.start)
      places.set(partition, { epoch: at.epoch, offset: bounds.start })
    } else if (partitions.includes(partition)) {
      const from = stored.get(partition) as StoredOffset
      const beyond = written.get(partition) ?? []
      places.set(partition, await placeOne(client, { ...at, partition }, { log, from, beyond }))
    }
  }
  return places
}

/**
 * The stored offsets and what is written beyond them, at one moment: of two, a partition that goes on in between would
 * seem to have been sought back.
 */
async function readStored(
  client: ClientBase,
  { group, topic }: Reader,
  partitions: readonly number[],
) {
  await client.query('begin isolation level repeatable read, read only')
  const at = { group, topic, epoch: await findEpoch(client, topic) }
  const stored = await findOffsets(client, at)
  const written = new Map<number, Span[]>()
  for (const partition of partitions) {
    const from = stored.get(partition)
    if (from === undefined) continue
    written.set(partition, await findWritten(client, { ...at, partition }, from.next))
  }
  await client.query('commit')
  return { at, stored, written }
}

async function placeOne(
  client: ClientBase,
  at: StreamPosition,
  {
    log,
    from,
    beyond: [island, following],
  }: { log: TopicLog; from: StoredOffset; beyond: readonly Span[] },
): Promise<Place> {
  if (island === undefined || island.first > from.next) {
    const lost = await lossOf(at, from, log)
    if (lost !== undefined) return { lost }
    const until = island === undefined ? {} : { until: island.first }
    return { epoch: at.epoch, offset: from.next, ...until }
  }
  // Somebody has sought back: what raw has is passed over, without effect or book.
  const lost = await lossOf(at, { next: island.next, maxKafkaMs: undefined }, log)
  if (lost !== undefined) return { lost }
  if (!(await moveOffset(client, at, { from: from.next, to: island.next, isUnread: false }))) {
    throw new UpiError('POSTGRES_BUSY', `partition ${at.partition} has moved on meanwhile`)
  }
  const until = following === undefined ? {} : { until: following.first }
  return { epoch: at.epoch, offset: island.next, ...until }
}

// A topic that is gone may come back; until then its partitions stand still.
async function readLogOf({ readLog }: Reader): Promise<TopicLog | UpiError> {
  try {
    return await readLog()
  } catch (fault) {
    if (fault instanceof UpiError && fault.code === 'TOPIC_MISSING') return fault
    throw fault
  }
}

// Raw's days and the rules' clock are Kafka's own time; what producers claim may lie in 1970 or in 2999.
function refuseClaimedTimes(topic: string, { timestamps }: TopicLog): void {
  if (timestamps === 'LogAppendTime') return
  throw new UpiError('TOPIC_DRIFT', `topic ${topic} keeps its producers' timestamps`, {
    fix: 'set message.timestamp.type=LogAppendTime on it; ./upi topics shows all that differs',
  })
}

// Raw holds a message once, whoever read it: a second group would find all of it there.
async function refuseOtherGroup(
  client: ClientBase,
  at: Omit<StreamPosition, 'partition'>,
): Promise<void> {
  const other = await findOtherGroup(client, at)
  if (other === undefined) return
  throw new UpiError('CONFIG_INVALID', `${at.topic} is read into this database by group ${other}`, {
    fix: `set UPI_CONSUMER_GROUP to ${other}, or use another database`,
  })
}
