import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type pg from 'pg'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { MESSAGE_BYTES_MAX } from '../core/limits.ts'
import { need } from '../platform/config.ts'
import { createKafka } from '../platform/kafka.ts'
import { TopicProducer } from '../platform/producer.ts'
import { createLogger } from '../platform/telemetry.ts'
import { DeadLetterRelay } from '../streaming/relay.ts'
import { freePort } from './free-port.ts'
import { eventually, startCli, useStack } from './harness.ts'
import { readTopic, type TopicRecord, topicEnd } from './read-topic.ts'

const own = useStack('database', 'topics')
const log = createLogger({ process: 'test', level: 'silent', pretty: false })
let admin: pg.Pool
let ingest: pg.Pool

beforeAll(async () => {
  admin = own.pool()
  ingest = own.pool('upi_ingest')
  await ingest.query(
    `select ops.ensure_partitions('raw_upi_transactions', '2026-02-01', '2026-02-01')`,
  )
})

function dlqConfig(topic = own.name) {
  return own.configFor({ UPI_TOPIC: `${topic}.dlq` })
}

function startRelay(settings: Record<string, string> = {}): DeadLetterRelay {
  const config = need(own.configFor(settings), 'kafkaBrokers')
  const relay = new DeadLetterRelay({ config, pool: ingest, log })
  relay.start(new AbortController().signal)
  onTestFinished(() => relay.close())
  return relay
}

/** Puts letters where the sink would. */
async function addLetters(count: number, payload = `'letter ' || n`, topic = own.name) {
  const first = letters
  letters += count
  await admin.query(
    `with raw as (
       insert into raw_upi_transactions
         (kafka_timestamp, kafka_offset, kafka_partition, topic, message_key, payload)
       select '2026-02-01 05:00Z', n, 1, $1, 'key' || n, ${payload}
         from generate_series($2::integer, $3::integer) as n
       returning *)
     insert into rejected_upi_transactions
       (kafka_timestamp, kafka_offset, kafka_partition, topic, reason_code, reasons, detail, payload)
     select kafka_timestamp, kafka_offset, kafka_partition, topic, 'NOT_JSON', '{NOT_JSON}',
            'NOT_JSON: value', payload from raw`,
    [topic, first, letters - 1],
  )
}

let letters = 1_000_000

async function waiting(): Promise<number> {
  const { rows } = await admin.query(
    'select count(*)::int as n from rejected_upi_transactions where relayed_at is null',
  )
  return rows[0].n
}

async function relayedFrom(from: Awaited<ReturnType<typeof topicEnd>>, count: number) {
  await eventually(waiting, (left) => left === 0, 20_000)
  const records = await readTopic(dlqConfig(), { from, count })
  expect((await topicEnd(dlqConfig())).total - from.total).toBe(count)
  return records
}

test('what the stream rejects arrives in the dead letter topic byte for byte, with where and why', async () => {
  const from = await topicEnd(dlqConfig())
  const config = need(own.configFor(), 'kafkaBrokers')
  const producer = await TopicProducer.connect(config, {
    clientId: 'test',
    topic: config.topic,
    outageMsMax: 0,
    log,
  })
  const bad = [
    { key: 'a', value: null },
    { key: null, value: '' },
    { key: 'c', value: '{"half' },
    { key: 'd', value: Buffer.from([0xff, 0, 0xfe]) },
    { key: 'e', value: Buffer.alloc(3_000_000, 'x') },
    {
      key: 'f',
      value: `{"txn_id":"?","payer":"?","amount":"-1"}${' '.repeat(MESSAGE_BYTES_MAX / 2)}`,
    },
  ]
  await producer.send(bad)
  await producer.close()
  const stream = startCli(['stream'], own.env)
  await eventually(async () => {
    const { rows } = await admin.query('select count(*)::int as n from rejected_upi_transactions')
    return rows[0].n === bad.length
  })
  await eventually(waiting, (left) => left === 0)
  stream.kill('SIGTERM')
  expect(await stream.ended).toMatchObject({ code: 0 })
  const records = await relayedFrom(from, bad.length)
  const byKey = new Map(records.map((record) => [record.key ?? null, record]))
  for (const { key, value } of bad) {
    const record = byKey.get(key) as TopicRecord
    expect(record.isNull).toBe(value === null)
    expect(record.value.equals(Buffer.from(value ?? ''))).toBe(true)
  }
  const { rows } = await admin.query(
    `select kafka_partition::text as partition, kafka_offset::text as offset, kafka_timestamp
       from rejected_upi_transactions where reasons[2] is not null`,
  )
  expect(byKey.get('f')?.headers).toEqual({
    code: 'FIELD_MISSING',
    reasons: expect.stringContaining('FIELD_MISSING,'),
    detail: expect.stringContaining('FIELD_MISSING: payee'),
    topic: own.name,
    partition: rows[0].partition,
    offset: rows[0].offset,
    epoch: '0',
    timestamp: rows[0].kafka_timestamp.toISOString(),
  })
}, 30_000)

test('relays share the letters: each is relayed once', async () => {
  const from = await topicEnd(dlqConfig())
  await addLetters(5_000)
  for (let i = 0; i < 3; i++) startRelay()
  const records = await relayedFrom(from, 5_000)
  const offsets = new Set(records.map(({ headers }) => headers.offset))
  expect(offsets.size).toBe(5_000)
  expect(records.every(({ key, headers }) => key === `key${headers.offset}`)).toBe(true)
})

test('a batch of letters is bounded in bytes, and large letters come through', async () => {
  const from = await topicEnd(dlqConfig())
  await addLetters(12, `repeat('x', 1500000)`)
  startRelay()
  const records = await relayedFrom(from, 12)
  expect(records.map(({ value }) => value.length)).toEqual(Array(12).fill(1_500_000))
})

test('a letter that its topic does not take goes without its value, and says so; the others go whole', async () => {
  const topic = `${own.name}_small`
  const kafka = createKafka(need(own.configFor(), 'kafkaBrokers'), 'test', log).admin()
  await kafka.connect()
  onTestFinished(() => kafka.deleteTopics({ topics: [`${topic}.dlq`] }).then(kafka.disconnect))
  const configEntries = [{ name: 'max.message.bytes', value: '20000' }]
  await kafka.createTopics({ topics: [{ topic: `${topic}.dlq`, configEntries }] })
  const from = await eventually(() => topicEnd(dlqConfig(topic)))
  await addLetters(1, `repeat('x', 30000)`, topic)
  await addLetters(30, `'small ' || repeat('x', 1000)`, topic)
  startRelay({ UPI_TOPIC: topic })
  await eventually(waiting, (left) => left === 0, 20_000)
  const records = await readTopic(dlqConfig(topic), { from, count: 31 })
  const [cut, ...others] = records.filter(({ headers }) => headers.omitted !== undefined)
  expect(cut).toMatchObject({ isNull: true, headers: { code: 'NOT_JSON', topic } })
  expect(cut?.headers.omitted).toBe(`value of 30000 bytes: more than ${topic}.dlq takes`)
  expect(others).toEqual([])
})

test('while Kafka is away letters wait in Postgres, and go when it is back', async () => {
  const from = await topicEnd(dlqConfig())
  await addLetters(10)
  const port = await freePort()
  const warned = vi.spyOn(log, 'warn')
  startRelay({ KAFKA_BROKERS: `127.0.0.1:${port}` })
  await eventually(() => warned.mock.calls.length > 1)
  expect(warned.mock.lastCall?.[1]).toBe('dead letters cannot be relayed yet')
  expect(await waiting()).toBe(10)
  await forwardKafka(port)
  await relayedFrom(from, 10)
})

/** Lets the broker be reached by a port of ours. */
async function forwardKafka(port: number): Promise<void> {
  const [host, kafkaPort] = (own.env.KAFKA_BROKERS as string).split(':')
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const broker = connect(Number(kafkaPort), host)
    for (const socket of [client, broker]) sockets.add(socket.on('error', () => {}))
    client.pipe(broker).pipe(client)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
}
