import fc from 'fast-check'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { AMOUNT_LIMIT_PAISE_MAX } from '../core/limits.ts'
import { formatRupees } from '../core/money.ts'
import type { PreparedBatch } from '../streaming/batch.ts'
import { brokenBooks } from './books.ts'
import { RULES } from './fixtures/records.ts'
import { eventually, useStack } from './harness.ts'
import { type SentMessage, SinkTopic, sinkPool } from './sink-topic.ts'

const own = useStack('database')
let pool: pg.Pool
let ingest: pg.Pool

beforeAll(() => {
  pool = own.pool()
  ingest = sinkPool(own)
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

test('a batch whose transaction is cancelled as it begins is not written in part', async () => {
  const topic = new SinkTopic('cancelled')
  let isCancelled = false
  const cancelled = sinkPool(own)
  cancelled.on('connect', (client) => {
    const { query } = client
    const cancel = 'select pg_cancel_backend(pg_backend_pid()), pg_sleep(5)'
    const asked = (text: unknown, ...rest: unknown[]) =>
      Reflect.apply(query, client, [text === 'begin' && isCancelled ? cancel : text, ...rest])
    Object.assign(client, { query: asked })
  })
  const sink = await topic.sink(cancelled)
  await topic.send(sink, 0, { fields: { txn_id: 'CANCEL0' } })
  const batch = topic.batch(sink, 0, [{ fields: { txn_id: 'CANCEL1' } }])
  isCancelled = true
  await expect(topic.write(sink, batch)).rejects.toMatchObject({ code: '57014' })
  isCancelled = false
  expect(await topic.write(sink, batch)).toMatchObject({ inserted: 1 })
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
  expect(await brokenBooks(pool)).toEqual([])
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

describe('duplicates', () => {
  const day = (txn_id: string, date: string, status = 'SUCCESS'): SentMessage => ({
    fields: { txn_id, status, timestamp: `2026-${date}+05:30` },
  })
  const late = (txn_id: string) => day(txn_id, '02-01T00:00:10')
  const early = (txn_id: string) => day(txn_id, '01-31T23:59:50')

  test('inside a batch and across batches change nothing but the count', async () => {
    const topic = new SinkTopic('again')
    const sink = await topic.sink(ingest)
    const books = await topic.send(sink, 0, late('AGAIN'), late('AGAIN'), late('AGAIN'))
    expect(books).toMatchObject({ inserted: 1, duplicate: 2 })
    const [before] = await cleanRows('AGAIN')
    expect(await topic.send(sink, 0, late('AGAIN'))).toMatchObject({ duplicate: 1, inserted: 0 })
    expect(await cleanRows('AGAIN')).toEqual([{ ...before, messages: 4 }])
  })

  test.each([
    ['keyed', undefined],
    ['without a key', null],
  ])('across a midnight and partitions are one row, %s', async (how, key) => {
    const topic = new SinkTopic(`neighbours ${how}`)
    const sink = await topic.sink(ingest)
    const id = `NIGHT-${how.slice(0, 3)}`
    const send = async (partition: number, message: SentMessage) =>
      await topic.send(sink, partition, key === undefined ? message : { ...message, key })
    expect(await send(0, late(id))).toMatchObject({ inserted: 1 })
    expect(await send(1, early(id))).toMatchObject({ merged: 1, absorbed: 0 })
    expect(await send(2, late(id))).toMatchObject({ duplicate: 1 })
    expect(await send(0, early(id))).toMatchObject({ duplicate: 1 })
    expect(await cleanRows(id)).toMatchObject([{ business_date: '2026-01-31', messages: 4 }])
    const { rows } = await pool.query(
      `select business_date, reason from ops.dirty_keys where business_date = '2026-02-01'`,
    )
    expect(rows).toContainEqual({ business_date: '2026-02-01', reason: 'moved' })
  })
})

describe('the same new transaction from two partitions at the same moment is one row', () => {
  test.each([
    ['keyed twice', [undefined, undefined], [0, 1]],
    ['keyed twice, the other way round', [undefined, undefined], [1, 0]],
    ['one without a key', [undefined, null], [0, 1]],
    ['one without a key, the other way round', [undefined, null], [1, 0]],
    ['both without a key', [null, null], [0, 1]],
  ])('%s', async (how, keys, [first = 0, second = 1]) => {
    for (const days of [
      ['2026-02-01T00:00:01', '2026-02-01T00:00:02'],
      ['2026-01-31T23:59:59', '2026-02-01T00:00:01'],
    ]) {
      await race(`${how} ${days[0]}`, { keys, days, order: [first, second] })
    }
  })

  interface Race {
    readonly keys: readonly (undefined | null)[]
    readonly days: readonly string[]
    readonly order: readonly [number, number]
  }

  async function race(how: string, { keys, days, order: [first, second] }: Race): Promise<void> {
    const topic = new SinkTopic(how)
    const txn_id = how.replaceAll(/\W/g, '_')
    const sinks = [await topic.sink(ingest), await topic.sink(ingest)] as const
    const batches = [0, 1].map((partition) => {
      const status = partition === 0 ? 'PENDING' : 'SUCCESS'
      const fields = { txn_id, status, timestamp: `${days[partition]}+05:30` }
      const key = keys[partition]
      return topic.batch(sinks[0], partition, [key === undefined ? { fields } : { fields, key }])
    }) as [PreparedBatch, PreparedBatch]
    await topic.write(sinks[0], topic.batch(sinks[0], 2, [{ fields: { txn_id: `${txn_id}2` } }]))
    const written = await whileHeld(async (waiting) => {
      const one = topic.write(sinks[0], batches[first] as PreparedBatch)
      await waiting(1)
      const other = topic.write(sinks[1], batches[second] as PreparedBatch)
      await waiting(2)
      return [one, other]
    })
    const books = await Promise.all(written)
    expect(books.map(({ inserted }) => inserted).toSorted()).toEqual([0, 1])
    expect(await cleanRows(txn_id)).toMatchObject([{ status: 'SUCCESS', messages: 2 }])
  }
})

/** Lets nobody write clean while the work goes on that starts writes; `waiting` waits until so many of them do. */
async function whileHeld<T>(
  work: (waiting: (n: number) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const holder = await pool.connect()
  try {
    await holder.query('begin')
    await holder.query('lock table clean_upi_transactions in share mode')
    const { rows } = await holder.query('select pg_backend_pid() as pid')
    const waiting = (n: number) =>
      eventually(async () => {
        const found = await pool.query(
          `select pid from pg_stat_activity
            where wait_event_type = 'Lock' and datname = current_database() and pid <> $1`,
          [rows[0].pid],
        )
        return found.rowCount === n
      })
    return await work(waiting)
  } finally {
    await holder.query('commit')
    holder.release()
  }
}

test('any value under any key is in raw as it came', async () => {
  const topic = new SinkTopic('any')
  const sink = await topic.sink(ingest)
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each)),
    fc.string({ unit: 'binary', maxLength: 90 }).map((text) => Buffer.from(text)),
    fc.json().map((json) => Buffer.concat([Buffer.alloc(5), Buffer.from(json)])),
  )
  const message = fc.record({ value: fc.option(bytes), key: fc.option(bytes) })
  const sent = fc.sample(message, { numRuns: 500, seed: 1 })
  expect(await topic.send(sink, 0, ...sent)).toMatchObject({ messages: 500 })
  const { rows } = await pool.query(
    `select coalesce(payload_bytes, convert_to(payload, 'UTF8')) as value, message_key as key
       from raw_upi_transactions where topic = $1 order by kafka_offset`,
    [topic.name],
  )
  expect(rows.map(({ value }) => value)).toEqual(sent.map(({ value }) => value))
  const keyOf = (key: Buffer | null) => key?.toString().replaceAll('\0', '\ufffd') ?? null
  expect(rows.map(({ key }) => key)).toEqual(sent.map(({ key }) => keyOf(key)))
})

test('20,000 bad in a row do not stop the stream, and one among 20,000 costs only its own row', async () => {
  const topic = new SinkTopic('bad')
  const sink = await topic.sink(ingest)
  const bad = Array.from({ length: 10_000 }, (_, i) => ({ value: `{"n":${i}`, key: null }))
  const good = (from: number): SentMessage[] =>
    Array.from({ length: 10_000 }, (_, i) => ({ fields: { txn_id: `GOOD${from + i}` } }))
  for (const part of [bad, bad]) {
    expect(await topic.send(sink, 0, ...part)).toMatchObject({ rejected: 10_000, accepted: 0 })
  }
  expect(await topic.send(sink, 0, ...good(0))).toMatchObject({ inserted: 10_000 })
  const books = await topic.send(sink, 0, ...good(10_000).with(5_000, { value: 'bad', key: null }))
  expect(books).toMatchObject({ inserted: 9_999, rejected: 1 })
})

test('payments as large as a limit may ever let through add up to more than one of them', async () => {
  const topic = new SinkTopic('large', { ...RULES, amountLimitPaise: AMOUNT_LIMIT_PAISE_MAX })
  const sink = await topic.sink(ingest)
  const amount = formatRupees(AMOUNT_LIMIT_PAISE_MAX)
  const pay = (type: string, amounts: string[]) =>
    amounts.map((each, i) => ({
      fields: { txn_id: `${type}${i}`, type, amount: each, payer: 'asha.k@large' },
    }))
  await topic.send(sink, 0, ...pay('P2M', [amount, amount]), ...pay('REFUND', [amount, amount]))
  const over = formatRupees(AMOUNT_LIMIT_PAISE_MAX + 1n)
  const books = await topic.send(sink, 1, ...pay('P2P', [amount, over]))
  expect(books).toMatchObject({ inserted: 1, rejected: 1 })
  expect(topic.refused).toEqual([])
  for (const view of ['upi_minute_metrics', 'upi_five_minute_metrics']) {
    const { rows } = await pool.query(
      `select amount, refund_amount from ${view} where payer_handle = 'large'`,
    )
    expect(rows).toEqual([{ amount: '2999999999999.97', refund_amount: '1999999999999.98' }])
  }
})

test('after all of this the books balance', async () => {
  expect(await brokenBooks(pool)).toEqual([])
})
