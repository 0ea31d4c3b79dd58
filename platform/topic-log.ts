import kafkajs, { type Admin } from 'kafkajs'
import { UpiError } from '../core/errors.ts'
import { AWAY_MS_MAX } from '../core/limits.ts'

/** What Kafka says of a topic now. */
export interface TopicLog {
  /** The cluster that holds it: offsets of another one mean nothing. */
  readonly clusterId: string
  /** Whether messages carry the broker's time of writing, or what producers claim. */
  readonly timestamps: 'LogAppendTime' | 'CreateTime'
  readonly partitions: ReadonlyMap<number, LogBounds>
  /** The first offset of a partition whose message is of this time, in milliseconds, or later; else its end. */
  readonly offsetAt: (partition: number, timeMs: number) => Promise<bigint | undefined>
}

/** The first offset that a partition still has, and the one that its next message will get. */
export interface LogBounds {
  readonly start: bigint
  readonly end: bigint
}

/** How many offsets of a log are still to be read: those from the stored one on, or all that it has. */
export function lagOf({ start, end }: LogBounds, next: bigint = start): number {
  const lag = end - next
  return lag < 0n ? 0 : Number(lag)
}

/** Reads a topic's place and bounds; a Kafka that is silent is away, long before kafkajs has given it up. */
export function readTopicLog(admin: Admin, topic: string): Promise<TopicLog> {
  return inTime(readLog(admin, topic))
}

async function readLog(admin: Admin, topic: string): Promise<TopicLog> {
  await admin.connect()
  const [{ clusterId }, partitions, timestamps] = await Promise.all([
    admin.describeCluster(),
    readLogBounds(admin, topic),
    readTimestampType(admin, topic),
  ]).catch((fault) => {
    throw topicFault(fault, topic)
  })
  return { clusterId, timestamps, partitions, offsetAt }

  async function offsetAt(partition: number, timeMs: number): Promise<bigint | undefined> {
    const found = await inTime(admin.fetchTopicOffsetsByTimestamp(topic, timeMs))
    const { offset } = found.find((each) => each.partition === partition) ?? {}
    return offset === undefined ? undefined : BigInt(offset)
  }
}

async function inTime<T>(asked: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const said = `Kafka has not answered for ${AWAY_MS_MAX / 1000} s`
    late.reject(new UpiError('KAFKA_UNAVAILABLE', said, { fix: 'see ./upi status' }))
  }, AWAY_MS_MAX)
  return await Promise.race([asked, late.promise]).finally(() => clearTimeout(timer))
}

/** Reads the bounds of a topic's partitions alone. */
export async function readLogBounds(admin: Admin, topic: string): Promise<Map<number, LogBounds>> {
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic).catch((fault) => {
    throw topicFault(fault, topic)
  })
  const bounds = offsets.map(
    ({ partition, low, high }) => [partition, { start: BigInt(low), end: BigInt(high) }] as const,
  )
  return new Map(bounds)
}

/** Who is in a consumer group now: a worker that was killed counts until its session ends. */
export async function countMembers(admin: Admin, group: string): Promise<number> {
  await admin.connect()
  const { groups } = await admin.describeGroups([group])
  return groups[0]?.members.length ?? 0
}

const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION'

/** Turns what kafkajs throws when there is no such topic into the error that says so; others pass. */
export function topicFault(cause: unknown, topic: string): unknown {
  if ((cause as { type?: string }).type !== UNKNOWN_TOPIC) return cause
  return new UpiError('TOPIC_MISSING', `topic ${topic} does not exist`, {
    fix: './upi topics',
    cause,
  })
}

const TIMESTAMP_TYPE = 'message.timestamp.type'

async function readTimestampType(admin: Admin, topic: string): Promise<TopicLog['timestamps']> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [
      { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [TIMESTAMP_TYPE] },
    ],
  })
  const entry = resources[0]?.configEntries.find(({ configName }) => configName === TIMESTAMP_TYPE)
  return entry?.configValue === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime'
}
