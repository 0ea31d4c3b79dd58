import type { Admin, Kafka } from 'kafkajs'
import type { PoolClient } from 'pg'
import { copyIn } from '../../platform/copy-in.ts'
import { digestOf } from './ledger.ts'

/** Reads all that Kafka has of a topic into a temporary table: partition, offset, time and the name of the bytes. */
export async function copyTopic(
  client: PoolClient,
  { kafka, admin, topic }: { kafka: Kafka; admin: Admin; topic: string },
): Promise<void> {
  await client.query(`create temp table topic_log
    (kafka_partition integer, kafka_offset bigint, kafka_ms bigint, digest text)`)
  const left = new Map(
    (await admin.fetchTopicOffsets(topic))
      .filter(({ low, high }) => low !== high)
      .map(({ partition, high }) => [partition, BigInt(high)]),
  )
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  if (left.size === 0) resolve()
  const consumer = kafka.consumer({ groupId: 'chaos-reader' })
  consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { partition, messages } }) => {
      const lines = messages.map(
        ({ offset, timestamp, value }) =>
          `${partition}\t${offset}\t${timestamp}\t${digestOf(value)}\n`,
      )
      await copyIn(client, 'copy topic_log from stdin', Buffer.from(lines.join('')))
      const last = messages.at(-1)
      if (last !== undefined && BigInt(last.offset) + 1n >= (left.get(partition) ?? 0n)) {
        left.delete(partition)
      }
      if (left.size === 0) resolve()
    },
  })
  await promise
  await consumer.disconnect()
  await client.query('analyze topic_log')
}
