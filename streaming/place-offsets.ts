import type { ClientBase } from 'pg'
import { UpiError } from '../core/errors.ts'
import { requireSchema } from '../platform/migrate.ts'
import { noteRules } from '../platform/queries/stream-batches.ts'
import {
  beginOffset,
  findOffsets,
  findOtherGroup,
  noteCluster,
  type StreamPosition,
} from '../platform/queries/stream-offsets.ts'
import type { LogBounds, TopicLog } from '../platform/topic-log.ts'
import type { RulesVersion } from './rules.ts'

/** Whose offsets to place. */
export interface Reader {
  readonly group: string
  readonly topic: string
  readonly epoch: number
  readonly rules: RulesVersion
  /** What Kafka has of the topic now. */
  readonly readLog: () => Promise<TopicLog>
}

/**
 * Where the partitions go on: their stored offsets, or the log's start for those that were never read. Refuses, with one
 * line that says why, to go on where messages would be lost or taken for others.
 */
export async function placeOffsets(
  client: ClientBase,
  partitions: readonly number[],
  { group, topic, epoch, readLog, rules }: Reader,
): Promise<Map<number, bigint>> {
  const at = { group, topic, epoch }
  await requireSchema(client)
  await noteRules(client, rules.version, rules.settings)
  const log = await readLog()
  refuseClaimedTimes(topic, log)
  await refuseOtherCluster(client, at, log.clusterId)
  const boundsOf = (partition: number) => log.partitions.get(partition) ?? { start: 0n, end: 0n }
  const known = await findOffsets(client, at)
  const fresh = partitions.filter((each) => !known.has(each))
  if (fresh.length > 0) await refuseOtherGroup(client, at)
  for (const partition of fresh) {
    await beginOffset(client, { ...at, partition }, boundsOf(partition).start)
  }
  const stored = await findOffsets(client, at)
  for (const partition of partitions) {
    refuseLoss({ topic, partition, offset: stored.get(partition) ?? 0n, ...boundsOf(partition) })
  }
  return new Map([...stored].filter(([partition]) => partitions.includes(partition)))
}

// Raw's days and the rules' clock are Kafka's own time; what producers claim may lie in 1970 or in 2999.
function refuseClaimedTimes(topic: string, { timestamps }: TopicLog): void {
  if (timestamps === 'LogAppendTime') return
  throw new UpiError('TOPIC_DRIFT', `topic ${topic} keeps its producers' timestamps`, {
    fix: 'set message.timestamp.type=LogAppendTime on it; ./upi topics shows all that differs',
  })
}

async function refuseOtherCluster(
  client: ClientBase,
  { topic, epoch }: Omit<StreamPosition, 'partition'>,
  clusterId: string,
): Promise<void> {
  const known = await noteCluster(client, { topic, epoch, clusterId })
  if (known === clusterId) return
  throw new UpiError(
    'OFFSET_LOST',
    `topic ${topic} was read from Kafka cluster ${known}, and this is ${clusterId}`,
    { fix: 'check KAFKA_BROKERS, or accept it with ./upi offsets adopt' },
  )
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

// Kafka's clients would quietly begin elsewhere; what was lost must be said, and decided by a person.
function refuseLoss(place: LogBounds & { topic: string; partition: number; offset: bigint }): void {
  const { topic, partition, offset, start, end } = place
  const where = `${topic} partition ${partition}`
  if (offset < start) {
    throw new UpiError(
      'OFFSET_LOST',
      `${where}: offsets ${offset} to ${start - 1n} have expired in Kafka before they were read`,
      { fix: 'accept the loss with ./upi offsets seek, or restore the topic' },
    )
  }
  if (offset > end) {
    throw new UpiError(
      'OFFSET_LOST',
      `${where} ends at ${end} but ${offset} was stored: it is another topic or another cluster`,
      { fix: 'check KAFKA_BROKERS, or accept it with ./upi offsets adopt' },
    )
  }
}
