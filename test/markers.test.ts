import type { Producer } from 'kafkajs'
import { expect, test } from 'vitest'
import { brokenBooks } from './books.ts'
import { aMessage } from './factories.ts'
import { eventually, useStack } from './harness.ts'
import { useTopics } from './own-topic.ts'

const own = useTopics(useStack('database'))

async function withTransactions(
  work: (producer: Producer) => Promise<void>,
  id = own.name,
): Promise<void> {
  const producer = own.kafka.producer({ transactionalId: id, maxInFlightRequests: 1 })
  await producer.connect()
  try {
    await work(producer)
  } finally {
    await producer.disconnect()
  }
}

async function transact(
  producer: Producer,
  end: 'commit' | 'abort',
  ...partitions: number[]
): Promise<void> {
  const transaction = await producer.transaction()
  const messages = partitions.map((partition) => ({ partition, value: JSON.stringify(aMessage()) }))
  await transaction.send({ topic: own.name, messages })
  await transaction[end]()
}

const EXPECTED = [
  { partition: 0, messages: 3, gaps: 4, next: 7 },
  { partition: 1, messages: 0, gaps: 3, next: 3 },
]

async function books(): Promise<unknown[]> {
  const { rows } = await own.pool.query(
    `select kafka_partition as partition, sum(messages)::int as messages, sum(gaps)::int as gaps,
            max(next_offset)::int as next
       from ops.stream_batches where topic = $1 group by 1 order by 1`,
    [own.name],
  )
  return rows
}

test('the offset passes over transaction markers and aborted messages, and the books tell of them', async () => {
  await withTransactions(async (producer) => {
    await transact(producer, 'commit', 0)
    await own.withStream(async () => {
      await own.written(1)
      await eventually(own.atEnd)
      // In partitions where nothing else comes.
      await transact(producer, 'commit', 0, 0)
      await transact(producer, 'abort', 0, 1, 1)
      // The broker writes markers after it has answered.
      await eventually(async () => expect(await books()).toEqual(EXPECTED))
    })
  })
  expect(await brokenBooks(own.pool)).toEqual([])
})

test('a topic that ends in markers is no loss to the next worker', async () => {
  await withTransactions((producer) => transact(producer, 'abort', 0))
  await own.withStream(() => eventually(own.atEnd))
  await own.withStream(async (_, readiness) => {
    await eventually(readiness, (text) => text === 'ready')
    await own.send(0, 1)
    await own.written(1)
  })
  expect(await brokenBooks(own.pool)).toEqual([])
})

test('nothing of an aborted transaction is written, in whatever order they begin and end', async () => {
  const message = () => [{ partition: 0, value: JSON.stringify(aMessage()) }]
  await withTransactions(
    (one) =>
      withTransactions(async (other) => {
        const first = await one.transaction()
        await first.send({ topic: own.name, messages: message() })
        const second = await other.transaction()
        for (const each of [second, first]) {
          await each.send({ topic: own.name, messages: message() })
        }
        await second.abort()
        await first.abort()
      }, `${own.name}_other`),
    own.name,
  )
  await own.send(0, 1)
  await own.withStream(() => eventually(own.atEnd))
  await own.written(1)
  expect(await brokenBooks(own.pool)).toEqual([])
})
