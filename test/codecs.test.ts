import kafkajs, { type Admin, type Producer } from 'kafkajs'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { UNPACKED_BATCH_BYTES_MAX } from '../core/limits.ts'
import { need } from '../platform/config.ts'
import { createKafka } from '../platform/kafka.ts'
import { COMPRESSIONS } from '../platform/kafka-codecs.ts'
import { createLogger } from '../platform/telemetry.ts'
import { aMessage } from './factories.ts'
import { eventually, runCli, startCli, useStack } from './harness.ts'

const own = useStack('database')
const topics: string[] = []
let pool: pg.Pool
let admin: Admin
let producer: Producer

beforeAll(async () => {
  pool = own.pool()
  const log = createLogger({ process: 'test', level: 'error', pretty: false })
  const kafka = createKafka(need(own.configFor(), 'kafkaBrokers'), 'upi-test', log)
  admin = kafka.admin()
  producer = kafka.producer()
  await Promise.all([admin.connect(), producer.connect()])
})

afterAll(async () => {
  await admin.deleteTopics({ topics })
  await eventually(() => admin.deleteGroups(topics))
  await Promise.all([admin.disconnect(), producer.disconnect()])
})

/** A topic whose broker compresses with this codec what comes otherwise, by the code of the Java client. */
async function makeTopic(codec: string, numPartitions = 1): Promise<string> {
  const topic = `${own.name}_${codec}`
  const configEntries = [
    { name: 'message.timestamp.type', value: 'LogAppendTime' },
    { name: 'compression.type', value: codec },
  ]
  await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }] })
  topics.push(topic)
  return topic
}

function environmentOf(topic: string) {
  return { ...own.env, UPI_TOPIC: topic, UPI_CONSUMER_GROUP: topic }
}

function startStream(topic: string) {
  return startCli(['stream'], environmentOf(topic))
}

const { none, ...CODECS } = COMPRESSIONS

test.each(Object.entries(CODECS))(
  'payments in %s are read, as kafkajs packs them and as Java does',
  async (codec, compression) => {
    const topic = await makeTopic(codec)
    const ids: string[] = []
    for (const packedBy of [compression, none]) {
      const messages = Array.from({ length: 2_000 }, () => aMessage())
      const sent = messages.map((message) => ({ value: JSON.stringify(message) }))
      await producer.send({ topic, compression: packedBy, messages: sent })
      ids.push(...messages.map(({ txn_id }) => txn_id))
    }
    const stream = startStream(topic)
    await eventually(
      async () => {
        const { rows } = await pool.query(
          'select count(*)::int as found from clean_upi_transactions where txn_id = any($1)',
          [ids],
        )
        return rows[0].found
      },
      (found) => found === ids.length,
      20_000,
    )
    stream.kill('SIGTERM')
    expect((await stream.ended).code).toBe(0)
  },
  30_000,
)

test('a batch that would fill the memory stops its partition alone, with one line, and a seek leads past it', async () => {
  const topic = await makeTopic('producer', 2)
  const send = async (partition: number) => {
    const message = aMessage()
    await producer.send({ topic, messages: [{ partition, value: JSON.stringify(message) }] })
    return message.txn_id
  }
  const before = await send(0)
  const value = Buffer.alloc(UNPACKED_BATCH_BYTES_MAX)
  const messages = [{ partition: 0, value }]
  await producer.send({ topic, compression: kafkajs.CompressionTypes.ZSTD, messages })
  const behind = await send(0)
  const stream = startStream(topic)
  await eventually(() =>
    /a zstd batch at offsets 1 to 1 cannot be unpacked: it holds more than 64 MiB/.test(
      stream.stderr,
    ),
  )
  const ids = [before, await send(1)]
  const seen = (wanted: readonly string[]) =>
    eventually(
      async () => {
        const { rows } = await pool.query<{ txn_id: string }>(
          'select txn_id from raw_upi_transactions where topic = $1',
          [topic],
        )
        return rows.map(({ txn_id }) => txn_id).toSorted()
      },
      (found) => found.join() === wanted.toSorted().join(),
    )
  await seen(ids)
  stream.kill('SIGTERM')
  expect((await stream.ended).code).toBe(0)
  const args = ['offsets', 'seek', '--to', '2', '--partition', '0']
  expect((await runCli(args, environmentOf(topic))).code).toBe(0)
  const next = startStream(topic)
  await seen([...ids, behind])
  next.kill('SIGTERM')
  expect((await next.ended).code).toBe(0)
}, 30_000)
