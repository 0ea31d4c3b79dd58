import type { Admin, Kafka, KafkaMessage } from 'kafkajs'
import type { PoolClient } from 'pg'
import { copyIn } from '../../platform/copy-in.ts'
import { digestOf } from './ledger.ts'

interface Copy {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly topic: string
}

/** Reads all that Kafka has of a topic into the temporary table topic_log: partition, offset, time, name of the bytes. */
export async function copyTopic(client: PoolClient, copy: Copy): Promise<void> {
  await client.query(`create temp table topic_log
    (kafka_partition integer, kafka_offset bigint, kafka_ms bigint, digest text)`)
  await readAll(copy, async (partition, messages) => {
    const lines = messages.map(
      ({ offset, timestamp, value }) =>
        `${partition}\t${offset}\t${timestamp}\t${digestOf(value)}\n`,
    )
    await copyIn(client, 'copy topic_log from stdin', Buffer.from(lines.join('')))
  })
  await client.query('analyze topic_log')
}

/** Reads where the letters of the dead letter topic come from into the temporary table letters. */
export async function copyLetters(client: PoolClient, copy: Copy): Promise<void> {
  await client.query('create temp table letters (kafka_partition integer, kafka_offset bigint)')
  await readAll(copy, async (_, messages) => {
    const lines = messages.map(({ headers = {} }) => `${headers.partition}\t${headers.offset}\n`)
    await copyIn(client, 'copy letters from stdin', Buffer.from(lines.join('')))
  })
  await client.query('analyze letters')
}

async function readAll(
  { kafka, admin, topic }: Copy,
  take: (partition: number, messages: KafkaMessage[]) => Promise<void>,
): Promise<void> {
  const left = new Map(
    (await admin.fetchTopicOffsets(topic))
      .filter(({ low, high }) => low !== high)
      .map(({ partition, high }) => [partition, BigInt(high)]),
  )
  if (left.size === 0) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const consumer = kafka.consumer({ groupId: `chaos-reader-${topic}` })
  consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch: { partition, messages } }) => {
        await take(partition, messages)
        const last = messages.at(-1)
        if (last !== undefined && BigInt(last.offset) + 1n >= (left.get(partition) ?? 0n)) {
          left.delete(partition)
        }
        if (left.size === 0) resolve()
      },
    })
    await promise
  } finally {
    await consumer.disconnect()
  }
}
