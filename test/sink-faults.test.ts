import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { runPipeline } from '../streaming/run-pipeline.ts'
import { aFields, aRecord, RULES } from './fixtures/records.ts'
import { useStack } from './harness.ts'
import { BALANCED, imbalances, type SentMessage, SinkTopic } from './sink-topic.ts'

const own = useStack('database')
let pool: pg.Pool
let ingest: pg.Pool

beforeAll(() => {
  pool = own.pool()
  ingest = own.pool('upi_ingest')
})

async function one<T>(sql: string, ...parameters: unknown[]): Promise<T> {
  return (await pool.query(sql, parameters)).rows[0] as T
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
  expect(await imbalances(pool)).toEqual(BALANCED)
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
