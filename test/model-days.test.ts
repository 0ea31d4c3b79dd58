import { type Kysely, sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { column } from '../models/engine/column.ts'
import { type Model, model, type RowCheck } from '../models/engine/define-model.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { MODELS } from '../models/index.ts'
import { clean_upi_transactions } from '../models/sources.ts'
import { stg_upi_transactions } from '../models/staging/stg_upi_transactions.ts'
import { closeDay } from '../models/warehouse/close-day.ts'
import { makeRelations } from '../models/warehouse/make-relations.ts'
import { prepare, runDay, runDayAlone, runEmptyDay } from '../models/warehouse/run-day.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { clearModels, planned, refresh, wrongMarts } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const SATURDAY = '2026-01-31'
const SUNDAY = '2026-02-01'
let admin: Kysely<Database>
let db: Kysely<Database>

beforeEach(async () => {
  admin ??= createDatabase(own.pool())
  db ??= createDatabase(own.pool('upi_transform'))
  await clearModels(admin)
})

describe('A day without rows', () => {
  test('is built and closed, and not again', async () => {
    await refresh(db)
    const around = aroundOf(MODELS)
    for (const _ of [1, 2]) {
      expect(await runEmptyDay(around, SUNDAY, { closes: true })).toBe(true)
      expect(await dayStatus()).toMatchObject({ state: 'closed', failed: false })
      expect(await runsOf(SUNDAY)).toEqual(around.graph.models.filter(isByDay).map(nameOf))
    }
    expect(await planned(db)).toEqual([])
  })

  test('is built and revised once the row is there that was on its way when it was closed', async () => {
    // The day is there before: to make it would wait for who writes to others.
    await insertClean(admin, {})
    await clearModels(admin)
    const around = aroundOf(MODELS)
    await admin.transaction().execute(async (slow) => {
      await insertClean(slow, {})
      await prepare(around)
      expect(await runEmptyDay(around, SUNDAY, { closes: true })).toBe(true)
      await prepare(around)
    })
    expect((await refresh(db)).failures).toEqual([])
    expect(await dayStatus()).toMatchObject({ state: 'revised', revision: 1 })
    expect(await wrongMarts(db)).toEqual([])
  })

  test('is built like any other if a model gives it rows, whichever day was asked of before', async () => {
    const models = [...MODELS, sundays, quietSundays]
    const around = aroundOf(models)
    await prepare(around)
    for (const day of [SATURDAY, SUNDAY]) await runDay(around, day, { closes: true })
    expect((await sql`select date, txns from quiet_sundays`.execute(db)).rows).toEqual([
      { date: SUNDAY, txns: '0' },
    ])
  })

  test('is found to be one though another version has replaced the views', async () => {
    const around = aroundOf(MODELS)
    await prepare(around)
    await makeRelations(db, makeGraph([poorer]))
    expect(await runEmptyDay(around, SUNDAY, { closes: true })).toBe(true)
    await makeRelations(db, around.graph)
  })

  test('is no longer failed when the model that failed is gone', async () => {
    await insertClean(admin, { txn_id: 'GONE' })
    expect((await refresh(db, { models: [...MODELS, failing] })).failures).toHaveLength(1)
    await moveAway('GONE')
    await refresh(db)
    expect(await dayStatus()).toMatchObject({ failed: false, error: null })
    expect(await closeDay(aroundOf(MODELS), SUNDAY)).toBe(true)
  })
})

describe('A day of a backfill', () => {
  test('that was archived before its turn is not said to be closed', async () => {
    await insertClean(admin, {})
    await sql`insert into ops.days (business_date, archived_at) values (${SUNDAY}, now())`.execute(
      admin,
    )
    const around = aroundOf(MODELS)
    await prepare(around)
    await expect(runDay(around, SUNDAY, { closes: true })).rejects.toThrow('is not closed')
    expect(await wrongMarts(db)).not.toEqual([])
  })
})

test('A daily run that was killed after its day has what follows built by the next one', async () => {
  await insertClean(admin, {})
  const around = aroundOf(MODELS)
  await prepare(around)
  await runDay(around, SUNDAY)
  await runDayAlone(around, SUNDAY)
  expect(await wrongMarts(db)).toEqual([])
})

function aroundOf(models: readonly Model[]) {
  return { db, graph: makeGraph(models), actor: 'test', reason: 'test' }
}

async function moveAway(txn_id: string): Promise<void> {
  await admin.deleteFrom('clean_upi_transactions').where('txn_id', '=', txn_id).execute()
  await admin
    .insertInto('ops.dirty_keys')
    .values({ business_date: SUNDAY, reason: 'moved' })
    .execute()
}

async function runsOf(day: string): Promise<string[]> {
  const runs = admin.selectFrom('ops.model_runs').select('model').where('business_date', '=', day)
  return (await runs.orderBy('run_id').execute()).map(({ model: name }) => name)
}

function isByDay({ kind }: Model): boolean {
  return kind === 'by day'
}

function nameOf({ name }: Model): string {
  return name
}

async function dayStatus() {
  const day = db.selectFrom('ops.day_status').selectAll().where('date', '=', SUNDAY)
  return await day.executeTakeFirst()
}

const date = column('date', 'Day.')
const ofDay = { day: 'date', grain: ['date'], about: 'Of a day.' } as const

const sundays = model('sundays')
  .select((query) =>
    query
      .selectFrom(
        sql<{ day: string }>`generate_series('2026-01-01'::date, '2026-12-31', '1 day')`.as<'d'>(
          sql`d (day)`,
        ),
      )
      .where(sql<boolean>`extract(dow from d.day) = 0`)
      .select(sql<string>`d.day::date`.as('date')),
  )
  .promise({ ...ofDay, kind: 'view', columns: { date } })

const quietSundays = model('quiet_sundays')
  .select((query, ref) =>
    query
      .selectFrom(ref(sundays, 's'))
      .leftJoin(ref(stg_upi_transactions, 't'), 't.txn_date', 's.date')
      .select(['s.date', sql<string>`count(t.txn_id)`.as('txns')])
      .groupBy('s.date'),
  )
  .promise({ ...ofDay, kind: 'by day', columns: { date, txns: column('bigint', 'Payments.') } })

const never: RowCheck = { name: 'never', holds: sql`false` }
const failing: Model = {
  ...model('failing')
    .select((query, ref) =>
      query
        .selectFrom(ref(stg_upi_transactions, 't'))
        .select(['t.txn_date as date', sql<string>`count(*)`.as('txns')])
        .groupBy('t.txn_date'),
    )
    .promise({ ...ofDay, kind: 'by day', columns: { date, txns: column('bigint', 'Payments.') } }),
  checks: [never],
}

/** Staging as a version has it that knows no merchants yet. */
const poorer = model('stg_upi_transactions')
  .select((query, ref) =>
    query
      .selectFrom(ref(clean_upi_transactions, 'c'))
      .select(['c.txn_id', 'c.business_date as txn_date']),
  )
  .promise({
    ...{ kind: 'view', about: 'One row a transaction.', grain: ['txn_id'], day: 'txn_date' },
    columns: { txn_id: column('text', 'Id.'), txn_date: column('date', 'Day.') },
  })
