import { setTimeout } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import type pg from 'pg'
import {
  DOCTOR_ANSWER_MS_MAX,
  FACT_STATEMENT_MS_MAX,
  STANDSTILL_SECONDS_MAX,
} from '../../core/limits.ts'
import { type Config, type Needed, need } from '../../platform/config.ts'
import { createKafka, kafkaFault } from '../../platform/kafka.ts'
import { readKafkaVersion } from '../../platform/kafka-version.ts'
import { addressOf, createPool, postgresFault, withConnection } from '../../platform/postgres.ts'
import { findEpoch } from '../../platform/queries/stream-epochs.ts'
import { findOffsets } from '../../platform/queries/stream-offsets.ts'
import type { Finding } from '../../platform/stack/index.ts'
import { createLogger } from '../../platform/telemetry.ts'
import { lagOf, readTopicLog } from '../../platform/topic-log.ts'
import { findDrift, topicPlans } from '../../platform/topics.ts'
import { readOffsetStatus } from '../../streaming/offset-status.ts'
import { type Fault, look } from './look.ts'

// Who was caught between two batches has moved on by then.
const SECOND_LOOK_MS = 2_000
// One request, so that whoever does not answer is named before doctor goes on without.
const ANSWER_MS_MAX = DOCTOR_ANSWER_MS_MAX / 3

/** Whether Kafka is there, its topics are as planned, and the stream can go on in each partition and does. */
export async function kafkaFindings(
  given: Config,
  { hasPostgres }: { hasPostgres: boolean },
): Promise<Finding[]> {
  const config = need(given, 'kafkaBrokers')
  const log = createLogger({ process: 'doctor', level: 'silent', pretty: false })
  const admin = createKafka(config, 'upi-doctor', log, { answerMsMax: ANSWER_MS_MAX }).admin()
  try {
    const server = await look('kafka server', () => brokers(admin, config))
    if (server.some(({ ok }) => !ok)) return server
    const topics = await look('topics', () => drift(admin, config))
    const url = config.databaseUrl ?? config.ingestDatabaseUrl
    if (!hasPostgres || url === undefined) return [...server, ...topics]
    const pool = createPool(config, url, {
      max: 1,
      name: 'doctor',
      answerMsMax: FACT_STATEMENT_MS_MAX,
    })
    try {
      const partitions = await look('partitions', () => standing({ admin, pool, config, url }))
      return [...server, ...topics, ...partitions]
    } finally {
      await pool.end()
    }
  } finally {
    await admin.disconnect().catch(() => {})
  }
}

async function brokers(admin: Admin, config: Needed<'kafkaBrokers'>): Promise<string> {
  try {
    await admin.connect()
    const { brokers: all, clusterId } = await admin.describeCluster()
    const version = await readKafkaVersion(config, ANSWER_MS_MAX)
    return `${version}: ${all.length} of cluster ${clusterId}`
  } catch (fault) {
    throw kafkaFault(fault, config.kafkaBrokers)
  }
}

async function drift(admin: Admin, config: Config): Promise<string | readonly Fault[]> {
  const found = await findDrift(admin, topicPlans(config))
  const faults = [...found].flatMap(([topic, differences]): Fault[] => {
    if (differences === undefined)
      return [{ text: `topic ${topic} is missing`, fix: './upi topics' }]
    return differences.map(({ setting, is, should, fix }) => ({
      text: `topic ${topic}: ${setting} is ${is}, should be ${should}`,
      fix,
    }))
  })
  return faults.length > 0 ? faults : `${found.size} as planned`
}

interface Place {
  readonly admin: Admin
  readonly pool: pg.Pool
  readonly config: Config
  readonly url: string
}

async function standing(place: Place): Promise<string | readonly Fault[]> {
  try {
    const first = await readPlaces(place)
    if (first.lost.length > 0) return first.lost
    if (first.still.size === 0) return `${first.partitions} read without standstill`
    await setTimeout(SECOND_LOOK_MS)
    const second = await readPlaces(place)
    const still = [...first.still].filter(
      ([partition, { next }]) => second.still.get(partition)?.next === next,
    )
    if (still.length === 0) return `${first.partitions} read without standstill`
    return still.map(([partition, { next, lag }]) => ({
      text: `partition ${partition} stands still${next === undefined ? '' : ` at offset ${next}`} with ${lag} messages to read`,
      fix: 'see ./upi status and ./upi logs stream, or start one with ./upi stream',
    }))
  } catch (fault) {
    throw postgresFault(fault, addressOf(place.url))
  }
}

/** Partitions whose offset means nothing any more, and those that have messages which nobody takes. */
async function readPlaces({ admin, pool, config }: Place) {
  const { topic, consumerGroup: group } = config
  return await withConnection(pool, async (client) => {
    // Before the log: read after it, a partition that goes on meanwhile would seem to lie beyond the log's end.
    const stored = await findOffsets(client, {
      group,
      topic,
      epoch: await findEpoch(client, topic),
    })
    const log = await readTopicLog(admin, topic)
    const { partitions } = await readOffsetStatus(client, { group, topic, stored, log })
    const lost = partitions.flatMap(({ partition, lost: why }): Fault[] => {
      if (why === null) return []
      const [text = why, ...fix] = why.split('; ')
      return [{ text: `partition ${partition}: ${text}`, fix: fix.join('; ') }]
    })
    const still = [...log.partitions].flatMap(([partition, bounds]) => {
      const at = stored.get(partition)
      const lag = lagOf(bounds, at?.next)
      const isOld = (at?.ageSeconds ?? Number.POSITIVE_INFINITY) > STANDSTILL_SECONDS_MAX
      return lag > 0 && isOld ? [[partition, { next: at?.next, lag }] as const] : []
    })
    return { partitions: partitions.length, lost, still: new Map(still) }
  })
}
