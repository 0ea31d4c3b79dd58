import type { KafkaMessage } from 'kafkajs'
import { type Config, need } from '../platform/config.ts'
import { createKafka } from '../platform/kafka.ts'
import { createLogger } from '../platform/telemetry.ts'

const log = createLogger({ process: 'test', level: 'error', pretty: false })

/** How far a topic's log reaches: the next offset of each partition. */
export interface TopicEnd {
  readonly total: number
  readonly offsets: ReadonlyMap<number, string>
}

export interface TopicRecord {
  readonly key: string | undefined
  readonly value: Buffer
  readonly isNull: boolean
  readonly headers: Readonly<Record<string, string>>
}

/** Looks where the topic of the settings ends. */
export async function topicEnd(config: Config): Promise<TopicEnd> {
  const admin = createKafka(need(config, 'kafkaBrokers'), 'test', log).admin()
  await admin.connect()
  try {
    const found = await admin.fetchTopicOffsets(config.topic)
    return {
      total: found.reduce((sum, { high }) => sum + Number(high), 0),
      offsets: new Map(found.map(({ partition, high }) => [partition, high])),
    }
  } finally {
    await admin.disconnect()
  }
}

/** Reads so many messages of the topic of the settings, from an earlier end of it on. */
export async function readTopic(
  config: Config,
  { from, count }: { from: TopicEnd; count: number },
): Promise<TopicRecord[]> {
  const kafka = createKafka(need(config, 'kafkaBrokers'), 'test', log)
  const consumer = kafka.consumer({ groupId: config.consumerGroup, maxWaitTimeInMs: 100 })
  const records: TopicRecord[] = []
  const { promise: complete, resolve } = Promise.withResolvers<void>()
  await consumer.connect()
  try {
    await consumer.subscribe({ topic: config.topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        if (Number(message.offset) < Number(from.offsets.get(partition))) return
        records.push(toRecord(message))
        if (records.length === count) resolve()
      },
    })
    await complete
    return records
  } finally {
    await consumer.disconnect()
  }
}

function toRecord({ key, value, headers = {} }: KafkaMessage): TopicRecord {
  return {
    key: key?.toString(),
    value: value ?? Buffer.alloc(0),
    isNull: value === null,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, text]) => [name, String(text)]),
    ),
  }
}
