import { type Kysely, sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { column, nullable } from '../models/engine/column.ts'
import { model } from '../models/engine/define-model.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { MODELS } from '../models/index.ts'
import { daily_upi_summary } from '../models/marts/daily_upi_summary.ts'
import { stg_upi_transactions } from '../models/staging/stg_upi_transactions.ts'
import { runModels } from '../models/warehouse/run-models.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { clearModels, planned, refresh, wrongMarts } from './build-models.ts'
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

afterEach(async () => {
  await sql`drop table if exists extremes, monthly`.execute(db)
})

describe('A model that is changed', () => {
  beforeEach(async () => {
    await insertClean(admin, { amount: '5.00' }, { at: ON_D2, amount: '7.00' })
    expect((await refresh(db, { models: [...MODELS, extremes] })).failures).toEqual([])
  })

  test('gets its new column, and all its days are built again, no other model of them', async () => {
    const models = [...MODELS, withLeast]
    expect(await planned(db, models)).toEqual([
      'make table: lacks least',
      `build ${D1}: model changed`,
      `build ${D2}: model changed`,
    ])
    const { runs } = await refresh(db, { models })
    expect(
      runs.map(({ model, date, updated }) => `${model} ${date} ${updated}`).toSorted(),
    ).toEqual([`extremes ${D1} 1`, `extremes ${D2} 1`])
    expect(await rowsOf('extremes')).toEqual([
      { date: D1, greatest: '5.00', least: '5.00' },
      { date: D2, greatest: '7.00', least: '7.00' },
    ])
    expect(await planned(db, models)).toEqual([])
  })

  test('may have null where it had none', async () => {
    const models = [...MODELS, orNull]
    expect(await planned(db, models)).toContain('make table: contract differs')
    expect((await refresh(db, { models })).failures).toEqual([])
    expect(await rowsOf('extremes')).toEqual([
      { date: D1, greatest: null },
      { date: D2, greatest: '7.00' },
    ])
  })

  test('is refused if its figures would be lost, and nothing is touched', async () => {
    await expect(refresh(db, { models: [...MODELS, asText] })).rejects.toThrow(
      'table extremes: column greatest is numeric(14,2) there, and text in the contract',
    )
    expect(await rowsOf('extremes')).toHaveLength(2)
  })

  test('is refused if its query gives another type than its contract says', async () => {
    await sql`drop table extremes`.execute(db)
    await expect(refresh(db, { models: [...MODELS, mistyped] })).rejects.toThrow(
      'column greatest of extremes is numeric by its query, and numeric(14,2) in the contract',
    )
    expect((await sql`select to_regclass('extremes') as found`.execute(db)).rows).toEqual([
      { found: null },
    ])
  })

  test('holds up no other when it is gone, and its figures stay', async () => {
    await insertClean(admin, { at: ON_D2, amount: '9.00' })
    const { failures } = await refresh(db)
    expect(failures).toEqual([])
    expect(await planned(db)).toEqual([])
    expect(await wrongMarts(db)).toEqual([])
    expect(await rowsOf('extremes')).toHaveLength(2)
  })
})

describe('A model that is built whole', () => {
  const models = [...MODELS, monthly]

  test('is built after the days that it reads, when they changed, and only then', async () => {
    await insertClean(admin, { amount: '5.00' }, { at: ON_D2, amount: '7.00' })
    await refresh(db, { models })
    expect(await rowsOf('monthly')).toEqual([{ month: '2026-02-01', total: '12.00' }])
    expect(await planned(db, models)).toEqual([])
    await insertClean(admin, { amount: '1.00' })
    expect(await planned(db, models)).toContain('build all: rows changed')
    await refresh(db, { models })
    expect(await rowsOf('monthly')).toEqual([{ month: '2026-02-01', total: '13.00' }])
    expect(await planned(db, models)).toEqual([])
  })

  test('hears also of days that were built without it', async () => {
    await insertClean(admin, { amount: '5.00' })
    await refresh(db, { models })
    await insertClean(admin, { amount: '1.00' })
    const graph = makeGraph(models)
    await runModels({ db, graph, actor: 'test' }, { models: [daily_upi_summary] })
    expect(await planned(db, models)).toContain('build all: rows changed')
    await refresh(db, { models })
    expect(await rowsOf('monthly')).toEqual([{ month: '2026-02-01', total: '6.00' }])
  })
})

const date = column('date', 'Day.')
const rupees = column('numeric(14,2)', 'Rupees.')
const promise = { kind: 'by day', day: 'date', grain: ['date'], about: 'Of a day.' } as const

/** The greatest payment of a day, as some SQL. */
function greatest<Value>(text: string) {
  return model('extremes').select((query, ref) =>
    query
      .selectFrom(ref(stg_upi_transactions, 't'))
      .select(['t.txn_date as date', sql<Value>`${sql.raw(text)}`.as('greatest')])
      .groupBy('t.txn_date'),
  )
}

const extremes = greatest<string>('max(t.amount)::numeric(14,2)').promise({
  ...promise,
  columns: { date, greatest: rupees },
})

const orNull = greatest<string | null>('nullif(max(t.amount), 5)::numeric(14,2)').promise({
  ...promise,
  columns: { date, greatest: nullable('numeric(14,2)', 'Null of five rupees.') },
})

const asText = greatest<string>('max(t.amount)::text').promise({
  ...promise,
  columns: { date, greatest: column('text', 'In words.') },
})

const mistyped = greatest<string>('max(t.amount)').promise({
  ...promise,
  columns: { date, greatest: rupees },
})

const withLeast = model('extremes')
  .select((query, ref) =>
    query
      .selectFrom(ref(stg_upi_transactions, 't'))
      .select([
        't.txn_date as date',
        sql<string>`max(t.amount)::numeric(14,2)`.as('greatest'),
        sql<string>`min(t.amount)::numeric(14,2)`.as('least'),
      ])
      .groupBy('t.txn_date'),
  )
  .promise({ ...promise, columns: { date, greatest: rupees, least: rupees } })

const monthly = model('monthly')
  .select((query, ref) =>
    query
      .selectFrom(ref(daily_upi_summary, 'd'))
      .select([
        sql<string>`date_trunc('month', d.date)::date`.as('month'),
        sql<string>`sum(d.total_amount)::numeric(38,2)`.as('total'),
      ])
      .groupBy('month'),
  )
  .promise({
    kind: 'table',
    about: 'A row a month.',
    grain: ['month'],
    columns: { month: date, total: column('numeric(38,2)', 'Rupees.') },
  })

async function rowsOf(table: string): Promise<unknown[]> {
  return (await sql`select * from ${sql.table(table)} order by 1`.execute(db)).rows
}
