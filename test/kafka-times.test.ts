import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { KAFKA_MS_MAX } from '../core/limits.ts'
import { checkBooks } from '../platform/books/check-books.ts'
import { need } from '../platform/config.ts'
import { createReadAgain } from '../streaming/read-again.ts'
import { rulesOf } from '../streaming/rules.ts'
import { aMessage } from './factories.ts'
import { useStack } from './harness.ts'
import { useTopics } from './own-topic.ts'

const stack = useStack('database')
const own = useTopics(stack)

async function setTimestamps(type: 'CreateTime' | 'LogAppendTime'): Promise<void> {
  const configEntries = [
    { name: 'message.timestamp.type', value: type },
    { name: 'message.timestamp.after.max.ms', value: String(2n ** 63n - 1n) },
    { name: 'retention.ms', value: '-1' },
  ]
  const topic = { type: kafkajs.ConfigResourceTypes.TOPIC, name: own.name, configEntries }
  await own.admin.alterConfigs({ validateOnly: false, resources: [topic] })
}

/** Sends a payment of an instant at what a producer says is the time. */
async function claim(timestamp: string, paidAt = new Date()): Promise<void> {
  const value = JSON.stringify(aMessage({ timestamp: paidAt.toISOString() }))
  await own.producer.send({ topic: own.name, messages: [{ partition: 0, timestamp, value }] })
}

async function judged(): Promise<unknown[]> {
  const { rows } = await own.pool.query(
    `select raw.kafka_timestamp, dead.reasons
       from raw_upi_transactions as raw
       left join rejected_upi_transactions as dead
         using (topic, epoch, kafka_partition, kafka_offset, kafka_timestamp)
      order by raw.kafka_offset`,
  )
  return rows.map(({ kafka_timestamp, reasons }) => [kafka_timestamp.toISOString(), reasons])
}

const [FIRST, LAST] = ['1970-01-01T00:00:00.000Z', new Date(KAFKA_MS_MAX).toISOString()]

test('times that no broker would give neither stop the stream nor unbalance its books', async () => {
  await setTimestamps('CreateTime')
  await claim(String(2n ** 62n))
  await claim('-1')
  await claim('0')
  await claim(String(Date.UTC(1900, 0, 1)))
  await claim(String(Date.UTC(9999, 11, 31)))
  // By its time it is paid lately, but no day of clean is so old.
  await claim('-1', new Date('1969-06-01T10:00:00Z'))
  await claim(String(KAFKA_MS_MAX), new Date(KAFKA_MS_MAX))
  const nowMs = Date.now()
  await claim(String(nowMs))
  await setTimestamps('LogAppendTime')
  await own.readAll(8)
  expect(await judged()).toEqual([
    [LAST, ['TIMESTAMP_ANCIENT']],
    [FIRST, ['TIMESTAMP_FUTURE']],
    [FIRST, ['TIMESTAMP_FUTURE']],
    [FIRST, ['TIMESTAMP_FUTURE']],
    [LAST, ['TIMESTAMP_ANCIENT']],
    [FIRST, ['INTERNAL']],
    [LAST, null],
    [new Date(nowMs).toISOString(), null],
  ])
  expect((await own.list()).partitions[0]).toMatchObject({ next_offset: 8, state: 'ok' })
  await own.send(0, 2)
  await own.readAll(10)
  const rules = rulesOf(need(stack.configFor(), 'piiKey'), () => ({ type: 'UNKNOWN' }))
  const books = await checkBooks(
    own.pool,
    createReadAgain(rules, async () => {}),
  )
  expect(books.filter(({ state }) => state !== 'balanced')).toEqual([])
})
