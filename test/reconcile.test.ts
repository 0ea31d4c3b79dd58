import type { Kysely } from 'kysely'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { type Reconciled, reconcileBooks, reconcileDaySums } from '../activities/reconcile.ts'
import type { Book } from '../platform/books/book.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import type { Rules } from '../streaming/processor.ts'
import type { Sink } from '../streaming/sink.ts'
import { buildDay, GRAPH, refresh } from './build-models.ts'
import { eventually } from './eventually.ts'
import { BROKEN_ROWS } from './fixtures/broken-rows.ts'
import { RULES } from './fixtures/records.ts'
import { useStack } from './harness.ts'
import { SinkTopic, sinkPool } from './sink-topic.ts'

const own = useStack('database')
const DAYS = { from: '2026-01-31', to: '2026-02-06' }
let admin: pg.Pool
let ingest: pg.Pool
let db: Kysely<Database>
let topic: SinkTopic
let sink: Sink

beforeAll(async () => {
  admin = own.pool()
  ingest = sinkPool(own)
  db = createDatabase(own.pool('upi_transform'))
  topic = new SinkTopic('reconcile')
  sink = await topic.sink(ingest)
  const before = { type: 'P2M', timestamp: '2026-01-31T12:00:00+05:30' }
  await topic.send(
    ...[sink, 0],
    { fields: { txn_id: 'PAID', type: 'P2M', city: 'Pune', response_code: '00' } },
    { fields: { txn_id: 'CLAIMED', type: 'P2M', amount: '10.00' } },
    { fields: { txn_id: 'CLAIMED', type: 'P2M', amount: '99.00' } },
    { value: '{"half' },
  )
  await topic.send(
    ...[sink, 1],
    { fields: { ...before, txn_id: 'BEFORE', status: 'FAILED', response_code: 'U28' } },
    { fields: { ...before, txn_id: 'BEFORE2' } },
  )
  for (const day of ['2026-01-31', '2026-02-01']) await buildDay(db, day)
})

interface Over {
  readonly rules?: Rules
  readonly version?: string
  readonly runId?: string
  readonly signal?: AbortSignal
}

async function reconcile({
  rules = RULES,
  version = 'test',
  ...run
}: Over = {}): Promise<Reconciled> {
  const rulesVersion = { version, settings: {} }
  const deps = { db, ingest, rules, rulesVersion, loadSchema: async () => {} }
  const range = { ...DAYS, actor: 'asha' }
  return await reconcileBooks(deps, range, { runId: crypto.randomUUID(), ...run })
}

const namesOf = (books: readonly Book[], state: Book['state']) =>
  books
    .filter((book) => book.state === state)
    .map(({ name }) => name)
    .toSorted()

test('books that were written rightly balance, each having looked at something', async () => {
  const { state, books } = await reconcile()
  expect(books.filter((book) => book.state !== 'balanced')).toEqual([])
  expect(state).toBe('balanced')
  expect(books.filter(({ checked }) => checked === 0)).toEqual([])
  expect(books.map(({ name }) => name)).toHaveLength(24)
})

test.each(BROKEN_ROWS)('$what: it is found, and nothing else', async ({ table, sql, broken }) => {
  await admin.query(`create table public.kept as select * from ${table}`)
  try {
    await admin.query(sql)
    const { books } = await reconcile()
    expect(namesOf(books, 'broken')).toEqual([...broken].toSorted())
    for (const { line, keys, state } of books) {
      expect(`${line} ${keys}`).not.toMatch(/@|249/)
      if (state === 'broken') expect(keys.length).toBeGreaterThan(0)
    }
  } finally {
    const isNumbered = table === 'ops.stream_batches'
    await admin.query(`truncate ${table};
      insert into ${table} ${isNumbered ? 'overriding system value' : ''} select * from public.kept;
      drop table public.kept`)
  }
})

test('a row that is missing in every mart is missed in every one', async () => {
  const marts = GRAPH.models.filter(({ kind }) => kind !== 'view').map(({ name }) => name)
  const each = (text: (mart: string) => string) => admin.query(marts.map(text).join(';'))
  await each((mart) => `create table public.kept_${mart} as select * from ${mart}`)
  try {
    // What has lost the row that it is made from rightly has none: of another day it is missed.
    const end = (mart: string) => (mart === 'daily_upi_summary' ? 'max' : 'min')
    await each(
      (mart) => `delete from ${mart} where ctid = (select ${end(mart)}(ctid) from ${mart})`,
    )
    const { books } = await reconcile()
    expect(namesOf(books, 'broken')).toEqual(marts.toSorted())
  } finally {
    await each(
      (mart) => `truncate ${mart}; insert into ${mart} select * from public.kept_${mart};
      drop table public.kept_${mart}`,
    )
  }
})

test('the sums of days alone show a row that is missing or too much, and are kept', async () => {
  const sums = async () => {
    const runId = crypto.randomUUID()
    const range = { from: '2026-01-31', to: '2026-02-01', actor: 'asha' }
    const { books } = await reconcileDaySums({ db, ingest }, range, { runId })
    const kept = await admin.query('select from ops.reconciliations where run_id = $1', [runId])
    expect(kept.rowCount).toBe(books.length)
    return books
  }
  const whole = await sums()
  expect(whole.map(({ name }) => name)).toEqual([
    ...['batches', 'raw', 'raw once', 'rejected once', 'minute metrics'],
  ])
  expect(whole.filter(({ state, checked }) => state !== 'balanced' || checked === 0)).toEqual([])
  await admin.query(`create table public.kept as select * from ops.minute_metrics`)
  try {
    for (const end of ['min', 'max']) {
      const where = `(select ${end}(window_start) from ops.minute_metrics)`
      await admin.query(`delete from ops.minute_metrics where window_start = ${where}`)
    }
    expect(namesOf(await sums(), 'broken')).toEqual(['minute metrics'])
    expect((await sums()).at(-1)?.wrong).toBeGreaterThan(1)
  } finally {
    await admin.query(`truncate ops.minute_metrics;
      insert into ops.minute_metrics select * from public.kept; drop table public.kept`)
  }
})

test('what was found is kept, once a run', async () => {
  const runId = crypto.randomUUID()
  await reconcile({ runId })
  const { books } = await reconcile({ runId })
  const { rows } = await admin.query(
    `select book, state, actor, first_day, last_day from ops.reconciliations where run_id = $1`,
    [runId],
  )
  expect(rows).toHaveLength(books.length)
  expect(rows).toContainEqual({
    ...{ book: 'fold', state: 'balanced', actor: 'asha' },
    ...{ first_day: DAYS.from, last_day: DAYS.to },
  })
})

test('a day that has not changed is not folded again, but for what must be looked at', async () => {
  const read: string[] = []
  const rules: Rules = {
    ...RULES,
    keyOf: (vpa) => {
      read.push(vpa)
      return RULES.keyOf(vpa)
    },
  }
  await admin.query('truncate ops.folded_days')
  await reconcile({ rules })
  const whole = read.splice(0).length
  await reconcile({ rules })
  // The transaction with the conflict.
  expect(read.splice(0)).toHaveLength(4)
  expect(whole).toBeGreaterThan(4)
  await admin.query(`update clean_upi_transactions set changed_at = now() where txn_id = 'BEFORE'`)
  await reconcile({ rules })
  expect(read).toHaveLength(8)
})

test('what was written under other rules waits for a rebuild', async () => {
  const rules = { ...RULES, amountLimitPaise: 5_000n }
  const judged = await reconcile({ rules, version: 'later' })
  expect(judged.state).toBe('waits')
  expect(namesOf(judged.books, 'waits')).toEqual(['fold', 'judgement'])
  expect(namesOf(judged.books, 'broken')).toEqual([])
  // Under the same rules it is wrong.
  expect((await reconcile({ rules })).state).toBe('broken')
})

test('a pair far apart waits for a rebuild, and dirty days are pending', async () => {
  const other = new SinkTopic('apart')
  const apart = await other.sink(ingest)
  const at = (day: string) => ({ txn_id: 'APART', type: 'P2M', timestamp: `${day}T09:00:00+05:30` })
  await other.send(apart, 2, { fields: at('2026-01-20') }, { fields: at('2026-01-31') })
  const { state, books } = await reconcile()
  expect(state).toBe('waits')
  expect(books.find(({ name }) => name === 'fold')).toMatchObject({
    ...{ state: 'waits', waiting: 1, keys: ['APART'] },
  })
  expect(namesOf(books, 'pending')).toContain('daily_upi_summary')
  expect(namesOf(books, 'broken')).toEqual([])
})

test('there is no false alarm while the stream writes and models are built', async () => {
  const rest = Promise.withResolvers<undefined>()
  let isOver = false
  const traffic = async () => {
    for (let i = 0; !isOver; i++) {
      const fields = {
        txn_id: `LIVE${i % 40}`,
        type: 'P2M',
        status: i % 3 === 0 ? 'PENDING' : 'SUCCESS',
      }
      const timestamp = `2026-02-0${1 + (i % 3)}T10:00:00+05:30`
      await topic.send(sink, i % 3, { fields: { ...fields, timestamp, city: `City ${i}` } })
      if (i === 50) rest.resolve(undefined)
    }
  }
  const building = async () => {
    while (!isOver) await refresh(db)
  }
  const work = Promise.all([traffic(), building()])
  await rest.promise
  try {
    for (let i = 0; i < 6; i++) {
      const { books } = await reconcile()
      expect(books.filter(({ state }) => state === 'broken')).toEqual([])
    }
  } finally {
    isOver = true
    await work
  }
})

test('a cancelled one stops its statement', async () => {
  const holder = await admin.connect()
  const waiting = async () => {
    const { rowCount } = await admin.query(`select from pg_stat_activity
      where datname = current_database() and usename = 'upi_ingest' and wait_event_type = 'Lock'`)
    return rowCount === 1
  }
  try {
    await holder.query('begin; lock table ops.minute_metrics')
    const abort = new AbortController()
    const ended = reconcile({ signal: abort.signal }).then(
      () => 'done',
      (fault) => String(fault),
    )
    await eventually(waiting)
    abort.abort()
    expect(await ended).not.toBe('done')
    expect(await waiting()).toBe(false)
  } finally {
    await holder.query('rollback')
    holder.release()
  }
})
