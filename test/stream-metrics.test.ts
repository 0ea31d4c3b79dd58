import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { METRICS } from '../streaming/metric-table.ts'
import { aMessage } from './factories.ts'
import { freePort } from './free-port.ts'
import { eventually, useStack } from './harness.ts'
import { useTopics } from './own-topic.ts'

const stack = useStack('database')
const own = useTopics(stack)
let pool: pg.Pool

beforeAll(() => {
  pool = stack.pool()
})

type Scrape = () => Promise<string>

/** The samples of a scrape by name and labels, as Prometheus reads them. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)?.[0])]))
}

/** A metric's samples by the value of its one label. */
function byLabel(text: string, name: string): Record<string, number> {
  const labelled = [...samplesOf(text)].filter(([sample]) => sample.startsWith(`${name}{`))
  return Object.fromEntries(
    labelled.map(([sample, value]) => [/="(.*)"/.exec(sample)?.[1] ?? '', value]),
  )
}

/** A metric's sum over partitions. */
function total(text: string, start: string): number {
  const found = [...samplesOf(text)].filter(([sample]) => sample.startsWith(start))
  return found.reduce((sum, [, value]) => sum + value, 0)
}

function lagOf(scrape: Scrape, lag: Record<string, number>): Promise<string> {
  const wanted = JSON.stringify(lag)
  const isRight = (text: string) =>
    JSON.stringify(byLabel(text, 'upi_stream_lag_messages')) === wanted
  return eventually(scrape, isRight)
}

async function sendAll(messages: readonly unknown[], partition = 0): Promise<void> {
  const values = messages.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
  await own.producer.send({
    topic: own.name,
    messages: values.map((value) => ({ partition, value })),
  })
}

/** The books of the topic, summed up. */
async function readBooks(): Promise<Record<string, number>> {
  const names = ['messages', 'accepted', 'rejected', 'inserted', 'merged', 'duplicate']
  const all = [...names, 'conflicting', 'pending', 'absorbed', 'gaps', 'warnings']
  const { rows } = await pool.query(
    `select ${all.map((name) => `sum(${name})::int as ${name}`).join(', ')}, count(*)::int as batches
       from ops.stream_batches where topic = $1`,
    [own.name],
  )
  return rows[0]
}

function booksOf(text: string): Record<string, number> {
  const outcome = (name: string) =>
    [...samplesOf(text)]
      .filter(([sample]) => sample.startsWith('upi_stream_messages_total{'))
      .filter(([sample]) => sample.includes(`outcome="${name}"`))
      .reduce((sum, [, value]) => sum + value, 0)
  const outcomes = ['inserted', 'merged', 'duplicate', 'conflicting', 'pending', 'rejected']
  return {
    messages: total(text, 'upi_stream_messages_total{'),
    accepted: total(text, 'upi_stream_accepted_total{'),
    ...Object.fromEntries(outcomes.map((name) => [name, outcome(name)])),
    absorbed: total(text, 'upi_stream_absorbed_rows_total{'),
    gaps: total(text, 'upi_stream_gaps_total{'),
    warnings: total(text, 'upi_stream_warnings_total{'),
    batches: total(text, 'upi_stream_batches_total{'),
  }
}

async function countBy(column: string, table: string): Promise<Record<string, number>> {
  const { rows } = await pool.query(
    `select ${column} as name, count(*)::int as n from ${table} where topic = $1 group by 1`,
    [own.name],
  )
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]))
}

function withoutZeros(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0))
}

test('the metrics are the books: good, bad, repeated, updated and contradicting messages', async () => {
  const letters = `${own.name}.dlq`
  await own.admin.createTopics({ topics: [{ topic: letters }], waitForLeaders: true })
  const good = [aMessage(), aMessage(), aMessage({ mcc: 'food' })]
  const [first] = good as [(typeof good)[number]]
  const pending = aMessage({ status: 'PENDING', response_code: null })
  await sendAll([...good, pending, '{"half', '', { ...aMessage(), amount: '-1' }])
  await sendAll([...good, { ...first, amount: '1.00' }], 1)
  await own.withStream(async (_, readiness, scrape) => {
    await own.written(11)
    await sendAll([{ ...pending, status: 'SUCCESS' }, first, { ...first, status: 'FAILED' }])
    await own.written(14)
    await eventually(readiness, (text) => text === 'ready')
    await eventually(scrape, (text) => total(text, 'upi_stream_messages_total{') === 14)
    const relayed = (text: string) => total(text, 'upi_stream_dead_letters_relayed_total') === 3
    await eventually(scrape, relayed)
    const text = await lagOf(scrape, { 0: 0, 1: 0 })
    const books = await readBooks()
    expect(booksOf(text)).toEqual(books)
    expect(books).toMatchObject({ accepted: 11, rejected: 3, conflicting: 1, warnings: 2 })
    expect(total(text, 'upi_stream_consumed_total{')).toBe(14)
    expect(withoutZeros(byLabel(text, 'upi_stream_rejected_total'))).toEqual(
      await countBy('reason_code', 'rejected_upi_transactions'),
    )
    const conflicts = byLabel(text, 'upi_stream_conflicts_total')
    expect(conflicts).toEqual(await countBy('kind', 'ops.txn_conflicts'))
    expect(conflicts).toEqual({ identity: 1, status: 1 })
    const samples = samplesOf(text)
    const { batches } = books
    expect(samples.get('upi_stream_latency_seconds_count')).toBe(14)
    expect(samples.get('upi_stream_latency_seconds_bucket{le="60"}')).toBe(14)
    expect(samples.get('upi_stream_batch_messages_sum')).toBe(14)
    for (const step of ['prepare', 'turn', 'write']) {
      expect(samples.get(`upi_stream_batch_step_seconds_count{step="${step}"}`)).toBe(batches)
    }
    const seconds = (name: string) => samples.get(`upi_stream_${name}`) ?? Number.NaN
    const parts = ['find', 'merge', 'commit'].map((step) =>
      seconds(`write_step_seconds_sum{step="${step}"}`),
    )
    const inside = parts.reduce((sum, each) => sum + each)
    expect(inside).toBeGreaterThan(0)
    expect(inside).toBeLessThanOrEqual(seconds('batch_step_seconds_sum{step="write"}'))
    expect(seconds('last_commit_age_seconds')).toBeLessThan(60)
    expect(seconds('dead_letters_waiting')).toBe(0)
    expect(seconds('ready')).toBe(1)
    expect(byLabel(text, 'upi_stream_partitions')).toEqual({ assigned: 2, reading: 2, lost: 0 })
    expect(seconds('pool_connections{state="idle"}')).toBeGreaterThan(0)
    expect(seconds('pool_connections_max')).toBe(6)
    expectWholeTable(text)
  })
  await own.admin.deleteTopics({ topics: [letters] })
})

function expectWholeTable(text: string): void {
  const types = [...text.matchAll(/^# TYPE (upi_\S+) (\S+)$/gm)].map(([, name, type]) => [
    name,
    type,
  ])
  expect(Object.fromEntries(types)).toEqual(
    Object.fromEntries(Object.entries(METRICS).map(([name, { type }]) => [name, type])),
  )
  const names = [...samplesOf(text).keys()].map((sample) => sample.replace(/\{.*/, ''))
  const isGiven = (name: string) =>
    names.some((each) => each.replace(/_(bucket|sum|count)$/, '') === name || each === name)
  expect(Object.keys(METRICS).filter((name) => !isGiven(name))).toEqual([])
  expect(text).toContain('process_resident_memory_bytes')
}

test('lag grows while a partition waits, also for what was not fetched, and the others have none', async () => {
  await sendAll([aMessage()])
  await own.withStream(async (_, __, scrape) => {
    await lagOf(scrape, { 0: 0, 1: 0 })
    const client = await pool.connect()
    try {
      await client.query('begin')
      await client.query(
        `select from ops.stream_offsets where topic = $1 and kafka_partition = 0 for update`,
        [own.name],
      )
      for (let sent = 1; sent <= 5; sent++) {
        await sendAll([aMessage()])
        await lagOf(scrape, { 0: sent, 1: 0 })
      }
    } finally {
      await client.query('rollback')
      client.release()
    }
    await lagOf(scrape, { 0: 0, 1: 0 })
  })
})

test('after a rebalance every partition is in the metrics of the worker that reads it', async () => {
  await own.withStream(async (_, __, scrapeFirst) => {
    await lagOf(scrapeFirst, { 0: 0, 1: 0 })
    await own.withStream(async (____, _____, scrapeSecond) => {
      const readers = [scrapeFirst, scrapeSecond]
      const partitions = async () => {
        const texts = await Promise.all(readers.map((scrape) => scrape()))
        return texts.map((text) => Object.keys(byLabel(text, 'upi_stream_lag_messages')))
      }
      const isShared = (seen: string[][]) =>
        seen.every((each) => each.length === 1) && new Set(seen.flat()).size === 2
      const shares = await eventually(partitions, isShared)
      await Promise.all([own.send(0, 3), own.send(1, 4)])
      await own.written(7)
      for (const [index, [partition]] of shares.entries()) {
        await lagOf(readers[index] as Scrape, { [partition as string]: 0 })
      }
    })
    await lagOf(scrapeFirst, { 0: 0, 1: 0 })
  })
})

test('while a server is away the metrics answer soon, and say for whom the stream waits', async () => {
  const nowhere = `postgres://upi_ingest@127.0.0.1:${await freePort()}/upi`
  await own.withStream(
    async (_, readiness, scrape) => {
      await eventually(readiness, (text) => text === 'Postgres is away')
      const began = performance.now()
      const text = await scrape()
      expect(performance.now() - began).toBeLessThan(5_000)
      expect(byLabel(text, 'upi_stream_awaited')).toMatchObject({
        postgres: 1,
        kafka: 0,
        registry: 0,
      })
      expect(byLabel(text, 'upi_stream_retries_total').postgres).toBeGreaterThan(0)
      expect(byLabel(text, 'upi_stream_partitions')).toEqual({ assigned: 2, reading: 0, lost: 0 })
      const samples = samplesOf(text)
      expect(samples.get('upi_stream_ready')).toBe(0)
      expect(samples.has('upi_stream_dead_letters_waiting')).toBe(false)
    },
    { INGEST_DATABASE_URL: nowhere },
  )
})

test('a Postgres that has no room for locks is waited for, and the log says what to raise', async () => {
  await pool.query(
    `create function out_of_locks() returns trigger language plpgsql
         as $$ begin raise exception 'out of shared memory' using errcode = '53200',
                 hint = 'You might need to increase "max_locks_per_transaction".'; end $$`,
  )
  await pool.query(
    `create trigger out_of_locks before insert on ops.stream_batches execute function out_of_locks()`,
  )
  await own.withStream(async (run, readiness) => {
    await own.send(0, 1)
    await eventually(readiness, (text) => text === 'Postgres is away')
    expect(run.stderr).toMatch(/"outside":"postgres".*raise max_locks_per_transaction of Postgres/)
    await pool.query('drop function out_of_locks cascade')
    await own.written(1)
    await eventually(readiness, (text) => text === 'ready')
  })
})
