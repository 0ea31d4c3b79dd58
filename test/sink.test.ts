import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import type { LogBounds, TopicLog } from '../platform/topic-log.ts'
import { runPipeline } from '../streaming/run-pipeline.ts'
import { createSink, type Sink } from '../streaming/sink.ts'
import { aFields, aRecord, KAFKA_MILLIS, RULES } from './fixtures/records.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const alive = async () => {}
let pool: pg.Pool

beforeAll(() => {
  pool = own.pool()
})

function aLog(bounds: LogBounds): TopicLog {
  const partitions = new Map([[0, bounds]])
  const clusterId = 'a cluster'
  return { clusterId, timestamps: 'LogAppendTime', partitions, offsetAt: async () => undefined }
}

async function one<T>(sql: string, ...parameters: unknown[]): Promise<T> {
  return (await pool.query(sql, parameters)).rows[0] as T
}

async function cleanRow(txnId: string): Promise<Record<string, unknown>> {
  return await one('select * from clean_upi_transactions where txn_id = $1', txnId)
}

test('a stale owner of a partition is fenced and writes nothing', async () => {
  const ingest = own.pool('upi_ingest')
  const sinkOf = (): Sink =>
    createSink({
      pool: ingest,
      group: 'fence',
      topic: 'fence',
      rules: { version: 'test', settings: {} },
      readLog: async () => aLog({ start: 0n, end: 9n }),
    })
  const [owner, stale] = [sinkOf(), sinkOf()]
  expect(await owner.findOffsets([0])).toEqual(new Map([[0, { epoch: 0, offset: 0n }]]))
  await stale.findOffsets([0])
  const batch = (offset: number) => {
    const record = { ...aRecord(aFields({ txn_id: `FENCE${offset}` })), offset: String(offset) }
    const outcome = runPipeline([record], RULES)
    const [from, next] = [BigInt(offset), BigInt(offset + 1)]
    const at = { partition: 0, epoch: 0, from, next, latestMs: KAFKA_MILLIS }
    return owner.prepare({ ...at, rawDay: '2026-02-01', outcome })
  }
  expect(await owner.write(batch(0), alive)).toMatchObject({ inserted: 1 })
  await expect(stale.write(batch(0), alive)).rejects.toMatchObject({ code: 'OWNER_STALE' })
  const both = await Promise.allSettled([
    owner.write(batch(1), alive),
    stale.write(batch(1), alive),
  ])
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  const found = await one<{ n: number; messages: number }>(
    `select count(*)::int as n, sum(messages)::int as messages
       from clean_upi_transactions where txn_id like 'FENCE%'`,
  )
  expect(found).toEqual({ n: 2, messages: 2 })
})

test('a contradicting message hides no later update of the same batch', async () => {
  const at = { pool: own.pool('upi_ingest'), group: 'claims', topic: 'claims' }
  const sink = createSink({
    ...at,
    rules: { version: 'test', settings: {} },
    readLog: async () => aLog({ start: 0n, end: 9n }),
  })
  await sink.findOffsets([0])
  const write = (from: number, ...messages: Record<string, unknown>[]) => {
    const records = messages.map((fields, i) => ({
      ...aRecord(aFields({ txn_id: 'CLAIM', ...fields })),
      offset: String(from + i),
    }))
    const next = BigInt(from + records.length)
    const outcome = runPipeline(records, RULES)
    const at = { partition: 0, epoch: 0, from: BigInt(from), next, latestMs: KAFKA_MILLIS }
    return sink.write(sink.prepare({ ...at, rawDay: '2026-02-01', outcome }), alive)
  }
  await write(0, { amount: '10.00', status: 'PENDING' })
  const books = await write(
    1,
    { amount: '99.00', status: 'SUCCESS' },
    { amount: '10.00', status: 'SUCCESS' },
  )
  expect(books).toMatchObject({ accepted: 2, merged: 1, conflicting: 1 })
  expect(await cleanRow('CLAIM')).toMatchObject({ amount: '10.00', status: 'SUCCESS' })
})
