import type { Producer } from 'kafkajs'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { need } from '../platform/config.ts'
import { createKafka } from '../platform/kafka.ts'
import { createSubjectEncoder } from '../platform/message-encoder.ts'
import { messageSubjects, registerSubject } from '../platform/message-subjects.ts'
import { createRegistry } from '../platform/registry.ts'
import { createLogger } from '../platform/telemetry.ts'
import { aMessage } from './factories.ts'
import { type CliRun, eventually, startCli, useStack } from './harness.ts'
import { newerVersion, olderVersion } from './schemas/versions.ts'

const own = useStack('database', 'topics')
let pool: pg.Pool
let producer: Producer

beforeAll(async () => {
  pool = own.pool()
  const log = createLogger({ process: 'test', level: 'error', pretty: false })
  producer = createKafka(need(own.configFor(), 'kafkaBrokers'), 'upi-test', log).producer()
  await producer.connect()
})

afterAll(async () => {
  await producer.disconnect()
})

async function send(...values: (Buffer | string | null)[]): Promise<void> {
  await producer.send({ topic: own.name, messages: values.map((value) => ({ value })) })
}

async function one<T>(sql: string, ...parameters: unknown[]): Promise<T> {
  return (await pool.query(sql, parameters)).rows[0] as T
}

async function withStream<T>(work: (run: CliRun) => Promise<T>): Promise<T> {
  const run = startCli(['stream'], own.env)
  try {
    return await work(run)
  } finally {
    run.kill('SIGTERM')
    const { code, stderr } = await run.ended
    expect(code, stderr).toBe(0)
  }
}

async function cleanRow(txnId: string): Promise<Record<string, unknown>> {
  return await eventually(() =>
    one<Record<string, unknown>>('select * from clean_upi_transactions where txn_id = $1', txnId),
  )
}

test('a payment that enters Kafka is seen in raw, in clean and in the books, whatever its frame', async () => {
  const registry = createRegistry(need(own.configFor(), 'schemaRegistryUrl'))
  const subjects = messageSubjects(own.name)
  const plain = aMessage({ txn_id: 'PLAIN1', amount: '0.10' })
  const json = aMessage({ txn_id: 'JSON1' })
  const avro = aMessage({ txn_id: 'AVRO1' })
  const encode = async (framing: 'json' | 'avro') => {
    await registerSubject(registry, subjects[framing])
    return createSubjectEncoder(registry, subjects[framing])
  }
  const [encodeJson, encodeAvro] = [await encode('json'), await encode('avro')]
  await send(JSON.stringify(plain), encodeJson(json), encodeAvro(avro))
  await withStream(async () => {
    for (const id of ['PLAIN1', 'JSON1', 'AVRO1']) {
      expect(await cleanRow(id)).toMatchObject({
        payer: 'as***k@okhdfcbank',
        payee: 'chaishop@ybl',
        status: 'SUCCESS',
        messages: 1,
      })
    }
  })
  expect((await cleanRow('PLAIN1')).amount).toBe('0.10')
  const raw = await one<{ text: string; bytes: Buffer }>(
    `select (select payload from raw_upi_transactions where txn_id = 'PLAIN1') as text,
            (select payload_bytes from raw_upi_transactions where txn_id = 'AVRO1') as bytes`,
  )
  expect(JSON.parse(raw.text)).toEqual(plain)
  expect(raw.bytes.equals(encodeAvro(avro))).toBe(true)
  expect(
    await one(
      `select sum(accepted)::int as accepted, sum(inserted)::int as inserted,
              sum(next_offset - first_offset)::int as offsets, sum(gaps)::int as gaps
         from ops.stream_batches`,
    ),
  ).toEqual({ accepted: 3, inserted: 3, offsets: 3, gaps: 0 })
})

test.each(['json', 'avro'] as const)(
  'messages of the %s schema before and after this one are read',
  async (framing) => {
    const registry = createRegistry(need(own.configFor(), 'schemaRegistryUrl'))
    const subject = messageSubjects(`${own.name}_versions`)[framing]
    const ids: string[] = []
    for (const version of [olderVersion(subject), subject, newerVersion(subject)]) {
      await registerSubject(registry, version)
      const encode = await createSubjectEncoder(registry, version)
      const { state: _, ...older } = aMessage()
      const message = version === subject ? aMessage() : older
      ids.push(message.txn_id)
      await send(encode(message))
    }
    await withStream(async () => {
      for (const id of ids) expect(await cleanRow(id)).toMatchObject({ status: 'SUCCESS' })
    })
  },
)

test('a bad message is kept with all its reasons and costs only its own row', async () => {
  const good = aMessage()
  await send('{"half', JSON.stringify({ ...aMessage(), amount: '-1.234', payer: '?' }), null)
  await send(Buffer.from([0xff, 0xfe]), JSON.stringify(good))
  await withStream(() => cleanRow(good.txn_id))
  const { rows } = await pool.query(
    'select reason_code, reasons, detail from rejected_upi_transactions order by reason_code',
  )
  expect(rows).toEqual([
    { reason_code: 'EMPTY', reasons: ['EMPTY'], detail: 'EMPTY: value' },
    { reason_code: 'NOT_JSON', reasons: ['NOT_JSON'], detail: 'NOT_JSON: value' },
    { reason_code: 'NOT_UTF8', reasons: ['NOT_UTF8'], detail: 'NOT_UTF8: value' },
    {
      reason_code: 'VPA_FORMAT',
      reasons: ['VPA_FORMAT', 'AMOUNT_SCALE', 'AMOUNT_NOT_POSITIVE'],
      detail: 'VPA_FORMAT: payer; AMOUNT_SCALE: amount; AMOUNT_NOT_POSITIVE: amount',
    },
  ])
})

test('status updates merge in any order, and duplicates change nothing', async () => {
  const base = { txn_id: 'MERGE1', completed_at: null, response_code: '01' }
  const success = aMessage({ ...base, status: 'SUCCESS', response_code: '00' })
  const pending = { ...success, status: 'PENDING', response_code: '01', city: null }
  await withStream(async () => {
    await send(JSON.stringify(success))
    const before = await cleanRow('MERGE1')
    await send(JSON.stringify(pending), JSON.stringify(success))
    const after = await eventually(
      () => cleanRow('MERGE1'),
      (row) => row.messages === 3,
    )
    expect(after).toEqual({ ...before, messages: 3 })
  })
})

test('nothing is lost or doubled when workers are killed with -9 while traffic flows', async () => {
  const total = 6_000
  const before = await one<{ n: number }>('select count(*)::int as n from raw_upi_transactions')
  let sent = 0
  const feeding = (async () => {
    for (; sent < total; sent += 200) {
      await send(...Array.from({ length: 200 }, () => JSON.stringify(aMessage())))
    }
  })()
  const workers = [startCli(['stream'], own.env), startCli(['stream'], own.env)]
  for (const kill of [1, 2, 3]) {
    await eventually(
      async () => {
        const { n } = await one<{ n: number }>(
          'select count(*)::int as n from raw_upi_transactions',
        )
        return n - before.n >= kill * 500
      },
      Boolean,
      30_000,
    )
    const victim = workers.shift() as CliRun
    victim.kill('SIGKILL')
    await victim.ended
    workers.push(startCli(['stream'], own.env))
  }
  await feeding
  await eventually(
    async () => {
      const { n } = await one<{ n: number }>('select count(*)::int as n from raw_upi_transactions')
      return n - before.n === total
    },
    Boolean,
    40_000,
  )
  // A process that is still loading has nothing to drain, and is ended by the signal itself.
  for (const worker of workers) await eventually(() => worker.stderr.includes('stream started'))
  for (const worker of workers) worker.kill('SIGTERM')
  for (const worker of workers) expect(await worker.ended).toMatchObject({ code: 0 })
  expect(await books()).toEqual({ offsets: 0, raw: 0, outcome: 0, clean: 0 })
}, 120_000)

/** The differences that must be nothing: offsets, raw, books and clean tell one story. */
async function books(): Promise<unknown> {
  return await one(
    `with books as (
       select sum(next_offset - first_offset) as span, sum(gaps) as gaps, sum(messages) as messages,
              sum(accepted) as accepted, sum(rejected) as rejected, sum(inserted) as inserted
         from ops.stream_batches)
     select ((select sum(next_offset) from ops.stream_offsets) - span)::int as offsets,
            ((select count(*) from raw_upi_transactions) - messages)::int as raw,
            ((select count(*) from rejected_upi_transactions) - rejected
              + (select count(*) from raw_upi_transactions where txn_id is not null) - accepted)::int
              as outcome,
            ((select count(*) from clean_upi_transactions) - inserted)::int as clean
       from books`,
  )
}

test('a worker goes on by itself after Postgres has thrown its connections out', async () => {
  await withStream(async () => {
    const first = aMessage()
    await send(JSON.stringify(first))
    await cleanRow(first.txn_id)
    const second = aMessage()
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'upi-stream'`,
    )
    await send(JSON.stringify(second))
    await cleanRow(second.txn_id)
  })
})

test('a partition that another worker has moved is read on from there, and the others go on', async () => {
  await withStream(async () => {
    const first = aMessage()
    await send(JSON.stringify(first))
    await cleanRow(first.txn_id)
    await pool.query(
      `update ops.stream_offsets set next_offset = next_offset + 1
      where topic = $1 and kafka_partition = 0`,
      [own.name],
    )
    const messages = [0, 0, 1, 2, 0].map((partition) => ({ partition, message: aMessage() }))
    await producer.send({
      topic: own.name,
      messages: messages.map(({ partition, message }) => ({
        partition,
        value: JSON.stringify(message),
      })),
    })
    for (const { message } of messages.slice(1)) await cleanRow(message.txn_id)
  })
})
