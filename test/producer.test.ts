import { afterAll, beforeAll, expect, test } from 'vitest'
import { need } from '../platform/config.ts'
import { type OutgoingMessage, TopicProducer } from '../platform/producer.ts'
import { createLogger } from '../platform/telemetry.ts'
import { useStack } from './harness.ts'
import { readTopic, topicEnd } from './read-topic.ts'

const own = useStack('topics')
const log = createLogger({ process: 'test', level: 'error', pretty: false })
let producer: TopicProducer

beforeAll(async () => {
  producer = await connect({})
})

afterAll(() => producer.close())

function connect(settings: Record<string, string>): Promise<TopicProducer> {
  const config = need(own.configFor(settings), 'kafkaBrokers')
  return TopicProducer.connect(config, {
    clientId: 'test',
    topic: config.topic,
    outageMsMax: 0,
    log,
  })
}

function numbered(count: number, from = 0): OutgoingMessage[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `k${(from + i) % 50}`,
    value: `${from + i}`,
  }))
}

test('more than a batch, from several senders at once, arrives once and in order by key', async () => {
  const from = await topicEnd(own.configFor())
  await Promise.all([0, 7_000, 14_000].map((start) => producer.send(numbered(7_000, start))))
  const records = await readTopic(own.configFor(), { from, count: 21_000 })
  expect((await topicEnd(own.configFor())).total - from.total).toBe(21_000)
  const byKey = Map.groupBy(records, ({ key }) => key)
  expect(byKey.size).toBe(50)
  for (const list of byKey.values()) {
    const numbers = list.map(({ value }) => Number(value))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  }
})

test('large values for one partition are split over requests that the broker takes', async () => {
  const from = await topicEnd(own.configFor())
  const value = Buffer.alloc(65_000, 'x')
  await producer.send(Array.from({ length: 40 }, () => ({ key: 'same', value })))
  expect((await topicEnd(own.configFor())).total - from.total).toBe(40)
})

test('compressed batches arrive as they were', async () => {
  const gzip = await connect({ UPI_PRODUCER_COMPRESSION: 'gzip' })
  const from = await topicEnd(own.configFor())
  await gzip.send(numbered(100))
  await gzip.close()
  const records = await readTopic(own.configFor(), { from, count: 100 })
  expect(records.map(({ value }) => Number(value)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  )
})

test('a message that the broker refuses fails its sender, and the next are sent', async () => {
  const from = await topicEnd(own.configFor())
  const tooLarge = producer.send([{ key: 'k', value: Buffer.alloc(20_000_000) }])
  await expect(tooLarge).rejects.toThrow('larger than the max message size')
  await producer.send(numbered(3))
  expect((await topicEnd(own.configFor())).total - from.total).toBe(3)
})

test('a missing topic and a missing Kafka are told apart', async () => {
  const lost = await connect({ UPI_TOPIC: `${own.name}_missing` })
  await expect(lost.send(numbered(1))).rejects.toMatchObject({ code: 'TOPIC_MISSING' })
  await lost.close()
  await expect(connect({ KAFKA_BROKERS: '127.0.0.1:9' })).rejects.toMatchObject({
    code: 'KAFKA_UNAVAILABLE',
  })
})
