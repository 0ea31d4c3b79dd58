import { type Kysely, sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { atLeast, column } from '../models/engine/column.ts'
import { type Model, model } from '../models/engine/define-model.ts'
import { MODELS } from '../models/index.ts'
import { stg_upi_transactions } from '../models/staging/stg_upi_transactions.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { buildDay, clearModels, planned, refresh, wrongMarts } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const D1 = '2026-02-01'
const D2 = '2026-02-02'
const ON_D2 = '2026-02-02T12:00:00+05:30'
let admin: Kysely<Database>
let db: Kysely<Database>

beforeEach(async () => {
  admin ??= createDatabase(own.pool())
  db ??= createDatabase(own.pool('upi_transform'))
  await clearModels(admin)
})

describe('A closed day', () => {
  beforeEach(async () => {
    await insertClean(admin, { amount: '100.00' })
    await refresh(db)
    await sql`insert into ops.days (business_date, state, closed_at, closed_by)
      values (${D1}, 'closed', now(), 'test')`.execute(admin)
  })

  test('whose figures change is revised, and keeps what was reported', async () => {
    await insertClean(admin, { amount: '11.00' })
    await refresh(db)
    expect(await dayStatus()).toMatchObject({
      state: 'revised',
      revision: 1,
      reason: 'rows changed',
    })
    const revisions = await sql<{
      before: { total_amount: number }
      after: { total_amount: number }
    }>`
      select key, before, after, reason, revision from ops.day_revisions
      where business_date = ${D1} and mart = 'daily_upi_summary'`.execute(db)
    expect(revisions.rows).toMatchObject([
      {
        key: { date: D1 },
        before: { total_amount: 100 },
        after: { total_amount: 111 },
        reason: 'rows changed',
        revision: 1,
      },
    ])
  })

  test('that is built again with the same figures stays closed', async () => {
    await buildDay(db, D1)
    expect(await dayStatus()).toMatchObject({ state: 'closed', revision: 0 })
  })

  test('is not revised by a mart that it never had', async () => {
    await sql`delete from ops.model_days where model = 'hourly_upi_summary'`.execute(admin)
    await sql`truncate hourly_upi_summary`.execute(admin)
    await refresh(db)
    expect(await dayStatus()).toMatchObject({ state: 'closed', revision: 0 })
    expect(await wrongMarts(db)).toEqual([])
  })
})

describe('A check that fails', () => {
  test('leaves the day as it was, names the bad rows, and holds up no other day', async () => {
    await insertClean(admin, { amount: '5.00' }, { at: ON_D2, amount: '500.00' })
    const models = [...MODELS, aModel({ least: 100 })]
    const { runs, failures } = await refresh(db, { models })
    expect(failures).toMatchObject([
      { model: 'biggest', date: D1, error: 'biggest: at least 100: 1 bad rows' },
    ])
    expect(failures[0]?.badRows).toMatchObject([{ date: D1, biggest: 5 }])
    expect(new Set(runs.map(({ date }) => date))).toEqual(new Set([D2, null]))
    expect(await summaryDays()).toEqual([D2])
    expect(await dayStatus()).toMatchObject({ failed: true })
    const { rows } = await sql`select state, bad_rows from ops.model_runs
      where model = 'biggest' and business_date = ${D1}`.execute(admin)
    expect(rows).toMatchObject([{ state: 'failed', bad_rows: [{ biggest: 5 }] }])
  })

  test('is tried again, and forgotten once it passes', async () => {
    await insertClean(admin, { amount: '5.00' })
    const models = [...MODELS, aModel({ least: 100 })]
    await refresh(db, { models })
    expect(await planned(db, models)).toContain(`build ${D1}: rows changed`)
    await insertClean(admin, { amount: '100.00' })
    expect((await refresh(db, { models })).failures).toEqual([])
    expect(await dayStatus()).toMatchObject({ failed: false, error: null })
    expect(await summaryDays()).toEqual([D1])
  })

  test('is forgotten when its model is gone, table and all', async () => {
    await insertClean(admin, { amount: '5.00' })
    await refresh(db, { models: [...MODELS, aModel({ least: 100 })] })
    await sql`drop table biggest`.execute(db)
    await insertClean(admin, { amount: '6.00' })
    await refresh(db)
    expect(await dayStatus()).toMatchObject({ failed: false, error: null })
  })

  test('of a value that Postgres refuses keeps its words with the bad rows: they may quote a person', async () => {
    await insertClean(admin, { amount: '5.00' })
    const { failures } = await refresh(db, { models: [...MODELS, unreadable] })
    expect(failures).toMatchObject([
      {
        model: 'unreadable',
        error: 'Postgres refused a value: SQLSTATE 22P02',
        badRows: [{ postgres: expect.stringContaining('@') }],
      },
    ])
    expect(await summaryDays()).toEqual([])
  })

  test('of a key that comes twice names the key', async () => {
    await insertClean(admin, { amount: '5.00' }, { amount: '6.00' })
    const { failures } = await refresh(db, { models: [...MODELS, twice] })
    expect(failures).toMatchObject([
      { model: 'twice', error: 'key: unique', badRows: [{ date: D1, times: 2 }] },
    ])
  })

  test('of a key that comes twice holds too when one of the two is there already', async () => {
    const models = [...MODELS, twice]
    await insertClean(admin, { amount: '5.00' })
    expect((await refresh(db, { models })).failures).toEqual([])
    await insertClean(admin, { amount: '6.00' })
    expect((await refresh(db, { models })).failures).toMatchObject([
      { model: 'twice', error: 'key: unique', badRows: [{ date: D1, times: 2 }] },
    ])
  })

  test('of totals shows both sides', async () => {
    await insertClean(admin, { amount: '5.00' })
    const { failures } = await refresh(db, { models: [...MODELS, disagreeing] })
    expect(failures).toMatchObject([
      {
        model: 'disagreeing',
        error: 'agrees with clean',
        badRows: [{ here: { txns: 2 }, there: { txns: 1 } }],
      },
    ])
    expect(await summaryDays()).toEqual([])
  })
})

// The greatest payment of a day, which must not be too small.
function aModel({ least }: { least: number }): Model {
  return model('biggest')
    .select((query, ref) =>
      query
        .selectFrom(ref(stg_upi_transactions, 't'))
        .select([
          't.txn_date as date',
          sql<string>`max(${sql.ref('t.amount')})::numeric(14,2)`.as('biggest'),
        ])
        .groupBy('t.txn_date'),
    )
    .promise({
      kind: 'by day',
      day: 'date',
      about: 'The greatest payment of a day.',
      grain: ['date'],
      columns: {
        date: column('date', 'Day.'),
        biggest: column('numeric(14,2)', 'Rupees.', atLeast(least)),
      },
    })
}

const twice = model('twice')
  .select((query, ref) =>
    query.selectFrom(ref(stg_upi_transactions, 't')).select(['t.txn_date as date', 't.amount']),
  )
  .promise({
    kind: 'by day',
    day: 'date',
    about: 'A row a payment, promised as a row a day.',
    grain: ['date'],
    columns: { date: column('date', 'Day.'), amount: column('numeric(14,2)', 'Rupees.') },
  })

const unreadable = model('unreadable')
  .select((query, ref) =>
    query
      .selectFrom(ref(stg_upi_transactions, 't'))
      .select(['t.txn_date as date', sql<number>`max(t.merchant)::integer`.as('number')])
      .groupBy('t.txn_date'),
  )
  .promise({
    kind: 'by day',
    day: 'date',
    about: 'A VPA, read as a number.',
    grain: ['date'],
    columns: { date: column('date', 'Day.'), number: column('integer', 'Number.') },
  })

const disagreeing = model('disagreeing')
  .select((query, ref) =>
    query
      .selectFrom(ref(stg_upi_transactions, 't'))
      .select(['t.txn_date as date', sql<string>`count(*) + 1`.as('txns')])
      .groupBy('t.txn_date'),
  )
  .promise({
    kind: 'by day',
    day: 'date',
    about: 'One too many.',
    grain: ['date'],
    columns: { date: column('date', 'Day.'), txns: column('bigint', 'Payments and one.') },
    checks: [
      {
        name: 'agrees with clean',
        columns: ['txns'],
        totals: (query, ref) =>
          query.selectFrom(ref(stg_upi_transactions, 't')).select(sql<string>`count(*)`.as('txns')),
      },
    ],
  })

async function summaryDays(): Promise<string[]> {
  const rows = await db.selectFrom('daily_upi_summary').select('date').orderBy('date').execute()
  return rows.map(({ date }) => date)
}

async function dayStatus() {
  return await db.selectFrom('ops.day_status').selectAll().where('date', '=', D1).executeTakeFirst()
}
