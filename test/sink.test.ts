import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { useStack } from './harness.ts'
import { BALANCED, imbalances, SinkTopic } from './sink-topic.ts'

const own = useStack('database')
let pool: pg.Pool
let ingest: pg.Pool

beforeAll(() => {
  pool = own.pool()
  ingest = own.pool('upi_ingest')
})

async function cleanRows(txnId: string): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query(
    'select * from clean_upi_transactions where txn_id = $1 order by business_date',
    [txnId],
  )
  return rows
}

test('a stale owner of a partition is fenced and writes nothing', async () => {
  const topic = new SinkTopic('fence')
  const [owner, stale] = [await topic.sink(ingest), await topic.sink(ingest)]
  const first = topic.batch(owner, 0, [{ fields: { txn_id: 'FENCE0' } }])
  expect(await topic.write(owner, first)).toMatchObject({ inserted: 1 })
  await expect(topic.write(stale, first)).rejects.toMatchObject({ code: 'OWNER_STALE' })
  const next = topic.batch(owner, 0, [{ fields: { txn_id: 'FENCE1' } }])
  const both = await Promise.allSettled([topic.write(owner, next), topic.write(stale, next)])
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  for (const id of ['FENCE0', 'FENCE1']) {
    expect(await cleanRows(id)).toMatchObject([{ messages: 1 }])
  }
})

test('a contradicting message hides no later update of the same batch', async () => {
  const topic = new SinkTopic('claims')
  const sink = await topic.sink(ingest)
  const claim = (amount: string, status: string) => ({
    fields: { txn_id: 'CLAIM', amount, status },
  })
  await topic.send(sink, 0, claim('10.00', 'PENDING'))
  const books = await topic.send(sink, 0, claim('99.00', 'SUCCESS'), claim('10.00', 'SUCCESS'))
  expect(books).toMatchObject({ accepted: 2, merged: 1, conflicting: 1 })
  expect(await cleanRows('CLAIM')).toMatchObject([{ amount: '10.00', status: 'SUCCESS' }])
})

test('a batch with messages of both sides of a midnight meets the row between them once', async () => {
  const topic = new SinkTopic('midnight')
  const sink = await topic.sink(ingest)
  const before = { txn_id: 'MIDNIGHT', timestamp: '2026-01-31T23:59:59+05:30' }
  const after = { txn_id: 'MIDNIGHT', timestamp: '2026-02-01T00:00:01+05:30' }
  await topic.send(sink, 0, { fields: { ...after, status: 'PENDING' } })
  const books = await topic.send(sink, 0, { fields: after }, { fields: before })
  expect(books).toMatchObject({ merged: 2, absorbed: 0 })
  expect(await cleanRows('MIDNIGHT')).toMatchObject([{ business_date: '2026-01-31', messages: 3 }])
  expect(await imbalances(pool)).toEqual(BALANCED)
})

test.each(['NULL', 'null', '-', '_'])('the id %s is an id like others', async (txn_id) => {
  const topic = new SinkTopic(`id ${txn_id}`)
  const sink = await topic.sink(ingest)
  await topic.send(sink, 0, { fields: { txn_id, status: 'PENDING' } })
  await topic.send(sink, 0, { fields: { txn_id } })
  const books = await topic.send(sink, 0, { fields: { txn_id } })
  expect(books).toMatchObject({ duplicate: 1, rejected: 0 })
  expect(await cleanRows(txn_id)).toMatchObject([{ status: 'SUCCESS', messages: 3 }])
})
