import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import type { LogBounds, TopicLog } from '../platform/topic-log.ts'
import { runPipeline } from '../streaming/run-pipeline.ts'
import { createSink, type Sink } from '../streaming/sink.ts'
import { aFields, aRecord, RULES } from './fixtures/records.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const alive = async () => {}
let pool: pg.Pool

beforeAll(() => {
  pool = own.pool()
})

function aLog(bounds: LogBounds, clusterId = 'a cluster'): TopicLog {
  return { clusterId, timestamps: 'LogAppendTime', partitions: new Map([[0, bounds]]) }
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
  expect(await owner.findOffsets([0])).toEqual(new Map([[0, 0n]]))
  await stale.findOffsets([0])
  const batch = (offset: number) => {
    const record = { ...aRecord(aFields({ txn_id: `FENCE${offset}` })), offset: String(offset) }
    const outcome = runPipeline([record], RULES)
    const [from, next] = [BigInt(offset), BigInt(offset + 1)]
    return owner.prepare({ partition: 0, from, next, rawDay: '2026-02-01', outcome })
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
    const batch = { partition: 0, from: BigInt(from), next, rawDay: '2026-02-01', outcome }
    return sink.write(sink.prepare(batch), alive)
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

test('a log that begins later leaves a gap on record, and a second group is refused', async () => {
  const sinkOf = (group: string) =>
    createSink({
      pool: own.pool('upi_ingest'),
      group,
      topic: 'late',
      rules: { version: 'test', settings: {} },
      readLog: async () => aLog({ start: 8n, end: 9n }),
    })
  expect(await sinkOf('first').findOffsets([0])).toEqual(new Map([[0, 8n]]))
  expect(
    await one(`select first_offset, next_offset, reason from ops.stream_gaps where topic = 'late'`),
  ).toEqual({ first_offset: '0', next_offset: '8', reason: 'begin' })
  await expect(sinkOf('second').findOffsets([0])).rejects.toThrow(/read .* by group first/)
})

test('a log that no longer has the stored offset stops the worker with one line', async () => {
  const bounds = { start: 0n, end: 5n }
  const sink = createSink({
    pool: own.pool('upi_ingest'),
    group: 'lost',
    topic: 'lost',
    rules: { version: 'test', settings: {} },
    readLog: async () => aLog(bounds),
  })
  expect(await sink.findOffsets([0])).toEqual(new Map([[0, 0n]]))
  bounds.start = 3n
  await expect(sink.findOffsets([0])).rejects.toThrow(/offsets 0 to 2 have expired/)
  await pool.query(`update ops.stream_offsets set next_offset = 9 where topic = 'lost'`)
  await expect(sink.findOffsets([0])).rejects.toThrow(/ends at 5 but 9 was stored/)
})

test('another cluster, and a topic with claimed timestamps, are refused with one line', async () => {
  let log = aLog({ start: 0n, end: 5n })
  const sink = createSink({
    pool: own.pool('upi_ingest'),
    group: 'moved',
    topic: 'moved',
    rules: { version: 'test', settings: {} },
    readLog: async () => log,
  })
  await sink.findOffsets([0])
  log = aLog({ start: 0n, end: 5n }, 'another')
  await expect(sink.findOffsets([0])).rejects.toThrow(/from Kafka cluster a cluster/)
  log = { ...log, timestamps: 'CreateTime' }
  await expect(sink.findOffsets([0])).rejects.toMatchObject({ code: 'TOPIC_DRIFT' })
})
