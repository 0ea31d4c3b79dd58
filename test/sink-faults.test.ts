import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { isOutage } from '../platform/postgres.ts'
import { endFrozenBatches } from '../platform/queries/stream-offsets.ts'
import type { PreparedBatch } from '../streaming/batch.ts'
import { runPipeline } from '../streaming/run-pipeline.ts'
import type { Sink } from '../streaming/sink.ts'
import { brokenBooks } from './books.ts'
import { aFields, aRecord, RULES } from './fixtures/records.ts'
import { eventually, useStack } from './harness.ts'
import { type SentMessage, SinkTopic, sinkPool } from './sink-topic.ts'

const own = useStack('database')
let pool: pg.Pool
let ingest: pg.Pool

beforeAll(() => {
  pool = own.pool()
  ingest = sinkPool(own)
})

async function one<T>(sql: string, ...parameters: unknown[]): Promise<T> {
  return (await pool.query(sql, parameters)).rows[0] as T
}

/** How much there is of everything that a batch writes, and where its topic stands. */
async function contents(topic: SinkTopic): Promise<unknown> {
  return await one(
    `select (select next_offset from ops.stream_offsets where topic = $1 and kafka_partition = 0),
            (select count(*) from raw_upi_transactions) as raw,
            (select sum(messages) from clean_upi_transactions) as clean,
            (select count(*) from rejected_upi_transactions) as rejected,
            (select count(*) from ops.stream_batches) as batches,
            (select count(*) from ops.txn_conflicts) as conflicts,
            (select count(*) from ops.dirty_keys) as dirty,
            (select sum(txns) from ops.minute_metrics) as metrics`,
    topic.name,
  )
}

/** All that a prepared batch holds. */
function holds({ raw, rejected, transactions, outcome }: PreparedBatch): unknown {
  const { rows, ...groups } = transactions
  return structuredClone({ raw, rejected, outcome, groups, rows: rows.finish([]) })
}

const ids = (...txnIds: string[]): SentMessage[] => txnIds.map((txn_id) => ({ fields: { txn_id } }))
test('messages of a day that was archived while the stream ran are pending until it is restored', async () => {
  const topic = new SinkTopic('archived')
  const sink = await topic.sink(ingest)
  const late = (txn_id: string) => ({
    fields: { txn_id, timestamp: '2025-06-01T12:00:00+05:30' },
  })
  await topic.send(sink, 0, late('THERE'))
  const day = 'partitions.clean_upi_transactions_20250601'
  await pool.query(`alter table clean_upi_transactions detach partition ${day}`)
  await pool.query(`insert into ops.days (business_date, archived_at) values ('2025-06-01', now())`)
  for (const restarted of [sink, await topic.sink(ingest)]) {
    const books = await topic.send(restarted, 0, late('THERE'), late('LATE'), ...ids('NEW'))
    expect(books).toMatchObject({ accepted: 3, pending: 2, rejected: 0 })
  }
  expect(
    await one(`select count(*)::int as n from raw_upi_transactions where txn_id = 'LATE'`),
  ).toEqual({ n: 2 })
  await pool.query(
    `alter table clean_upi_transactions attach partition ${day}
       for values from ('2025-06-01') to ('2025-06-02')`,
  )
  const books = await topic.send(sink, 0, late('THERE'), late('LATE'))
  expect(books).toMatchObject({ pending: 0, duplicate: 1, inserted: 1 })
  expect(await brokenBooks(pool)).toEqual([])
})

test('a day for which no partition can be made costs its own messages only', async () => {
  const topic = new SinkTopic('ancient')
  const sink = await topic.sink(ingest)
  const rules = { ...RULES, eventAgeMsMax: 100 * 366 * 86_400_000 }
  const timestamps = ['2026-02-01T05:00:00Z', '1950-01-01T00:00:00Z', '2026-01-31T10:30:00Z']
  const records = timestamps.map((timestamp, i) => ({
    ...aRecord(aFields({ txn_id: `ANCIENT${i}`, timestamp })),
    offset: String(i),
  }))
  const batch = topic.batch(sink, 0, ids('A', 'B', 'C'))
  const ancient = sink.prepare({ ...batch, outcome: runPipeline(records, rules) })
  expect(await topic.write(sink, ancient)).toMatchObject({ inserted: 2, rejected: 1 })
  expect(topic.refused).toEqual(['0/1'])
})

test('a message that Postgres refuses costs only its own row', async () => {
  const topic = new SinkTopic('refused')
  const sink = await topic.sink(ingest)
  await pool.query(
    `alter table clean_upi_transactions add constraint made_up check (txn_id not like 'REFUSE%')`,
  )
  const messages = Array.from({ length: 300 }, (_, i) => ({ fields: { txn_id: `PLAIN${i}` } }))
  const books = await topic.send(
    sink,
    0,
    ...messages,
    { fields: { txn_id: 'REFUSE1' } },
    { value: 'bad', key: null },
    ...messages.slice(0, 200),
    { fields: { txn_id: 'REFUSE2' } },
    { fields: { txn_id: 'PLAIN0', status: 'REVERSED' } },
  )
  await pool.query('alter table clean_upi_transactions drop constraint made_up')
  expect(books).toMatchObject({
    messages: 504,
    accepted: 501,
    rejected: 3,
    inserted: 300,
    merged: 1,
    duplicate: 200,
  })
  expect(topic.refused).toEqual(['0/300', '0/502'])
  const { rows } = await pool.query(
    `select kafka_offset, reasons, detail from rejected_upi_transactions
      where topic = $1 and reason_code = 'INTERNAL' order by 1`,
    [topic.name],
  )
  const why = { reasons: ['INTERNAL'], detail: 'INTERNAL: refused by Postgres' }
  expect(rows).toEqual([
    { kafka_offset: '300', ...why },
    { kafka_offset: '502', ...why },
  ])
  expect(await brokenBooks(pool)).toEqual([])
})

test('a message that raw has already ends the work: nothing is written and nothing rejected', async () => {
  const topic = new SinkTopic('raw')
  const sink = await topic.sink(ingest)
  const batch = topic.batch(sink, 0, ids('RAW1', 'RAW2'))
  await pool.query(
    `insert into raw_upi_transactions (topic, kafka_partition, kafka_offset, kafka_timestamp)
     values ($1, 0, 1, to_timestamp($2::bigint / 1000))`,
    [topic.name, batch.latestMs],
  )
  const before = await contents(topic)
  await expect(topic.write(sink, batch)).rejects.toMatchObject({ code: '23505' })
  expect(await contents(topic)).toEqual(before)
  expect(topic.refused).toEqual([])
  await pool.query('delete from raw_upi_transactions where topic = $1', [topic.name])
  expect(await topic.write(sink, batch)).toMatchObject({ inserted: 2 })
})

/** A batch that does everything: new rows, an update over midnight, a duplicate, both conflicts, a reject. */
async function richBatch(topic: SinkTopic, sink: Sink): Promise<PreparedBatch> {
  const id = (n: number) => `${topic.name}-${n}`.replaceAll(' ', '_')
  await topic.send(sink, 0, ...ids(id(1), id(2), id(3)))
  return topic.batch(sink, 0, [
    ...ids(id(1), id(4), id(4)),
    { fields: { txn_id: id(2), timestamp: '2026-01-31T23:59:59+05:30' } },
    { fields: { txn_id: id(3), status: 'FAILED' } },
    { fields: { txn_id: id(3), amount: '1.00' } },
    { value: 'bad', key: null },
  ])
}

const RICH = { messages: 7, rejected: 1, inserted: 1, merged: 1, duplicate: 3, conflicting: 1 }

test('a connection lost between its statements rolls a batch back, and the same batch is written again', async () => {
  const topic = new SinkTopic('lost connection')
  const sink = await topic.sink(ingest)
  const batch = await richBatch(topic, sink)
  const [before, held] = [await contents(topic), holds(batch)]
  const holder = await pool.connect()
  try {
    await holder.query('begin')
    await holder.query('lock table clean_upi_transactions in share mode')
    const writing = topic.write(sink, batch)
    const ended = expect(writing).rejects.toSatisfy(isOutage)
    await eventually(async () => {
      const { rowCount } = await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where wait_event_type = 'Lock' and datname = current_database() and usename = 'upi_ingest'`,
      )
      return rowCount === 1
    })
    await ended
  } finally {
    await holder.query('commit')
    holder.release()
  }
  expect(await contents(topic)).toEqual(before)
  expect(holds(batch)).toEqual(held)
  expect(await topic.write(sink, batch)).toMatchObject(RICH)
  expect(holds(batch)).toEqual(held)
  expect(await brokenBooks(pool)).toEqual([])
})

test('a commit that fails is not taken for a success', async () => {
  const topic = new SinkTopic('no commit')
  const sink = await topic.sink(ingest)
  const batch = await richBatch(topic, sink)
  const before = await contents(topic)
  await pool.query(
    `create function refuse_commit() returns trigger language plpgsql
         as $$ begin raise exception 'not today'; end $$`,
  )
  await pool.query(
    `create constraint trigger refuse_commit after insert on ops.stream_batches
       deferrable initially deferred for each row execute function refuse_commit()`,
  )
  await expect(topic.write(sink, batch)).rejects.toMatchObject({ message: 'not today' })
  expect(await contents(topic)).toEqual(before)
  await pool.query('drop function refuse_commit cascade')
  expect(await topic.write(sink, batch)).toMatchObject(RICH)
  expect(await brokenBooks(pool)).toEqual([])
})

/** Sends a COPY and never a row, as a worker does that froze. */
class FrozenCopy extends pg.Query {
  handleCopyInResponse(): void {}
}

test('a transaction that stopped in the middle of sending rows is ended, and no other', async () => {
  const settings = { connectionString: own.env.INGEST_DATABASE_URL, application_name: 'upi-stream' }
  const [frozen, idle, worker] = [1, 2, 3].map(() => new pg.Client(settings)) as [
    pg.Client,
    pg.Client,
    pg.Client,
  ]
  frozen.on('error', () => {})
  const all = [frozen, idle, worker]
  await Promise.all(all.map((client) => client.connect()))
  await frozen.query('begin')
  await idle.query('begin')
  const ended = new Promise((resolve) => {
    frozen.query(new FrozenCopy('copy raw_upi_transactions from stdin', resolve))
  })
  expect(await endFrozenBatches(worker, 60)).toBe(0)
  await eventually(async () => (await endFrozenBatches(worker, 0)) === 1)
  expect(await ended).toMatchObject({ code: '57P01' })
  expect(await endFrozenBatches(worker, 0)).toBe(0)
  await idle.query('commit')
  await Promise.all(all.map((client) => client.end().catch(() => {})))
})
