import { type Kysely, type Selectable, sql } from 'kysely'
import { beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import { execute, type ModelRun, readViews } from '../models/engine/execute.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { planDays } from '../models/engine/plan.ts'
import { MODELS } from '../models/index.ts'
import type { DailyUpiSummary } from '../models/marts/daily_upi_summary.ts'
import type { CleanUpiTransactions } from '../models/sources.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { readDailySummary } from '../platform/queries/days.ts'
import { insertModelRuns } from '../platform/queries/model-runs.ts'
import { insertClean } from './clean-rows.ts'
import { eventually } from './eventually.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const graph = makeGraph(MODELS)
const DAY = '2026-02-01'
let admin: Kysely<Database>
let db: Kysely<Database>

beforeEach(async () => {
  admin ??= createDatabase(own.pool())
  db ??= createDatabase(own.pool('upi_transform'))
  await sql`truncate clean_upi_transactions, daily_upi_summary, ops.model_runs`.execute(admin)
})

describe('daily_upi_summary', () => {
  test('counts payments by outcome and money by success', async () => {
    await insertClean(
      admin,
      { amount: '100.10', latency_ms: 100 },
      { amount: '0.20', latency_ms: 300, payer: 'ravi@ybl' },
      { amount: '50.00', status: 'FAILED', decline_class: 'TD' },
      { amount: '50.00', status: 'DECLINED', decline_class: 'BD' },
      { amount: '50.00', status: 'EXPIRED' },
      { amount: '7.00', status: 'PENDING' },
      { amount: '8.00', status: 'DEEMED' },
      { amount: '9.00', status: 'REVERSED' },
    )
    expect(await build()).toMatchObject([{ model: 'daily_upi_summary', inserted: 1 }])
    expect(await summary()).toEqual({
      date: DAY,
      total_txns: '8',
      success_txns: '2',
      failed_txns: '3',
      pending_txns: '2',
      reversed_txns: '1',
      total_amount: '100.30',
      attempted_amount: '274.30',
      refund_txns: '0',
      refund_amount: '0.00',
      net_amount: '100.30',
      success_rate: '0.250000',
      terminal_success_rate: '0.333333',
      td_txns: '1',
      bd_txns: '1',
      unique_payers: '2',
      unique_payees: '1',
      avg_ticket: '50.15',
      p50_latency_ms: '100',
      p95_latency_ms: '300',
      p99_latency_ms: '300',
    } satisfies DailyUpiSummary)
  })

  test('keeps refunds apart, and counts those that succeeded', async () => {
    const refund = { type: 'REFUND', payer: 'chaishop@ybl', payee: 'as***k@okhdfcbank' }
    await insertClean(
      admin,
      { amount: '100.00', latency_ms: 5 },
      { ...refund, amount: '30.00', latency_ms: 9_000 },
      { ...refund, amount: '40.00', status: 'FAILED', decline_class: 'TD' },
    )
    await build()
    expect(await summary()).toMatchObject({
      total_txns: '1',
      failed_txns: '0',
      td_txns: '0',
      unique_payers: '1',
      attempted_amount: '100.00',
      refund_txns: '1',
      refund_amount: '30.00',
      net_amount: '70.00',
      p99_latency_ms: '5',
    })
  })

  test('has null for a rate, a ticket and a percentile of nothing', async () => {
    await insertClean(admin, { status: 'PENDING' })
    await build()
    expect(await summary()).toMatchObject({
      success_rate: '0.000000',
      terminal_success_rate: null,
      avg_ticket: null,
      total_amount: '0.00',
      p50_latency_ms: null,
    })
    await insertClean(admin, { at: '2026-02-02T12:00:00+05:30', type: 'REFUND' })
    await build('2026-02-02')
    expect(await summary('2026-02-02')).toMatchObject({ total_txns: '0', success_rate: null })
  })

  test('begins and ends its day at midnight in India', async () => {
    await insertClean(
      admin,
      { at: '2026-01-31T18:29:59.999999Z' },
      { at: '2026-01-31T18:30:00Z' },
      { at: '2026-02-01T18:29:59.999999Z' },
      { at: '2026-02-01T18:30:00Z' },
    )
    await build()
    expect(await summary()).toMatchObject({ total_txns: '2' })
    expect(await summary('2026-01-31')).toBeUndefined()
  })

  test('follows a payment that is pending first and succeeds two days later', async () => {
    await insertClean(admin, { txn_id: 'LATE', status: 'PENDING', amount: '10.00' })
    await build()
    expect(await summary()).toMatchObject({ pending_txns: '1', total_amount: '0.00' })
    await setStatus('LATE', 'SUCCESS')
    expect(await build()).toMatchObject([{ inserted: 0, updated: 1 }])
    expect(await summary()).toMatchObject({ pending_txns: '0', total_amount: '10.00' })
    await setStatus('LATE', 'REVERSED')
    await build()
    expect(await summary()).toMatchObject({ reversed_txns: '1', total_amount: '0.00' })
  })

  test('has no row for a day without traffic, whose build the ledger knows', async () => {
    const expected = { inserted: 0, updated: 0, deleted: 0, unchanged: 0 }
    expect(await build()).toMatchObject([expected])
    expect(await summary()).toBeUndefined()
    const runs = await db.selectFrom('ops.model_runs').select(['model', 'business_date']).execute()
    expect(runs).toEqual([{ model: 'daily_upi_summary', business_date: DAY }])
  })
})

describe('A build', () => {
  test('that finds nothing new rewrites no row', async () => {
    await insertClean(admin, {}, {})
    await build()
    const before = await rowVersion()
    expect(await build()).toMatchObject([{ inserted: 0, updated: 0, unchanged: 1 }])
    expect(await rowVersion()).toBe(before)
  })

  test('removes what has vanished, and leaves other days alone', async () => {
    await insertClean(admin, { txn_id: 'GONE' }, { at: '2026-02-02T12:00:00+05:30' })
    await build()
    await build('2026-02-02')
    await admin.deleteFrom('clean_upi_transactions').where('txn_id', '=', 'GONE').execute()
    expect(await build()).toMatchObject([{ deleted: 1, unchanged: 0 }])
    expect(await summary()).toBeUndefined()
    expect(await summary('2026-02-02')).toMatchObject({ total_txns: '1' })
  })

  test('waits for another of the same day, and then sees what was committed meanwhile', async () => {
    await insertClean(admin, {})
    const key = sql`hashtextextended(${`upi:day:${DAY}`}, 0)`
    const waiting = await admin.connection().execute(async (holder) => {
      await sql`select pg_advisory_lock(${key})`.execute(holder)
      const second = build()
      await eventually(async () => (await advisoryLocks({ granted: false })) === 1)
      await insertClean(admin, {})
      await sql`select pg_advisory_unlock(${key})`.execute(holder)
      return second
    })
    expect(waiting).toMatchObject([{ inserted: 1 }])
    expect(await summary()).toMatchObject({ total_txns: '2' })
  })

  test('at the same time as others is right, and leaves no lock', async () => {
    await insertClean(admin, {}, {}, {})
    const runs = (await Promise.all([build(), build(), build(), build()])).flat()
    expect(runs.map(({ inserted }) => inserted).toSorted()).toEqual([0, 0, 0, 1])
    expect(runs.every(({ inserted, unchanged }) => inserted + unchanged === 1)).toBe(true)
    expect(await advisoryLocks({ granted: true })).toBe(0)
  })

  test('that fails changes nothing, and says why', async () => {
    await insertClean(admin, {})
    const steps = await plan(DAY)
    const record = async () => {
      throw new Error('the ledger is away')
    }
    await expect(execute(steps, { db, record })).rejects.toThrow('the ledger is away')
    expect(await summary()).toBeUndefined()
    expect(await build()).toMatchObject([{ inserted: 1 }])
  })

  test('that is cancelled stops its statement on the server', async () => {
    await insertClean(admin, {})
    const cancel = new AbortController()
    await admin.connection().execute(async (holder) => {
      await sql`select pg_advisory_lock(hashtextextended(${`upi:day:${DAY}`}, 0))`.execute(holder)
      const build = execute(await plan(DAY), { db, record: recordAsTest, signal: cancel.signal })
      const refusal = expect(build).rejects.toThrow()
      await eventually(async () => (await advisoryLocks({ granted: false })) === 1)
      cancel.abort()
      await refusal
      await eventually(async () => (await advisoryLocks({ granted: false })) === 0)
      await sql`select pg_advisory_unlock_all()`.execute(holder)
    })
  })

  test('reads the partition of its day only', async () => {
    await insertClean(admin, {}, { at: '2026-02-02T12:00:00+05:30' })
    await build()
    const { sql: text } = (MODELS.at(-1) as (typeof MODELS)[number]).compile(DAY)
    const explained = await sql<{ 'QUERY PLAN': string }>`explain ${sql.raw(
      text.replaceAll('$1', `'${DAY}'`),
    )}`.execute(db)
    const scans = explained.rows.filter((row) => row['QUERY PLAN'].includes(' on clean_upi'))
    expect(scans).toHaveLength(1)
  })
})

describe('Views', () => {
  test('are replaced when their query differs, by several at once', async () => {
    const comment = sql`comment on view stg_upi_transactions is 'older [model 0123]'`
    await build()
    await comment.execute(db)
    await Promise.all([build(), build(), build()])
    const views = await readViews(db)
    const staging = graph.models.find(({ kind }) => kind === 'view')
    expect(views.get('stg_upi_transactions')).toBe(staging && graph.fingerprintOf(staging))
  })
})

describe('A mart', () => {
  test.each(graph.models.map((model) => [model.name, model] as const))(
    '%s has the columns and the types of its model',
    async (name, model) => {
      await build()
      const mart = await sql`select * from ${sql.table(name)} limit 0`.compile(db).sql
      const [declared, promised] = [await typesOf(mart), await typesOf(model.compile().sql)]
      expect(promised).toEqual(declared)
      expect(Object.keys(declared).toSorted()).toEqual(Object.keys(model.columns).toSorted())
    },
  )

  test('has the same row for models and for queries, and so has clean', () => {
    type Daily = Selectable<Database['daily_upi_summary']>
    expectTypeOf<Daily>().toExtend<DailyUpiSummary>()
    expectTypeOf<DailyUpiSummary>().toExtend<Daily>()
    type Clean = Pick<Selectable<Database['clean_upi_transactions']>, keyof CleanUpiTransactions>
    expectTypeOf<Clean>().toExtend<CleanUpiTransactions>()
    expectTypeOf<CleanUpiTransactions>().toExtend<Clean>()
  })
})

async function plan(date: string) {
  const warehouse = { views: await readViews(db), archived: new Set<string>() }
  return planDays(graph, { dates: [date], reason: 'test' }, warehouse)
}

async function build(date = DAY): Promise<ModelRun[]> {
  return await execute(await plan(date), { db, record: recordAsTest })
}

const recordAsTest = (trx: Parameters<typeof insertModelRuns>[0], runs: readonly ModelRun[]) =>
  insertModelRuns(trx, runs, 'test')

async function summary(date = DAY): Promise<DailyUpiSummary | undefined> {
  return await readDailySummary(db, date)
}

async function setStatus(txn_id: string, status: 'SUCCESS' | 'REVERSED'): Promise<void> {
  await admin
    .updateTable('clean_upi_transactions')
    .set({ status })
    .where('txn_id', '=', txn_id)
    .execute()
}

async function rowVersion(): Promise<string | undefined> {
  const { rows } = await sql<{ at: string }>`
    select ctid::text || xmin::text as at from daily_upi_summary`.execute(admin)
  return rows[0]?.at
}

async function advisoryLocks({ granted }: { granted: boolean }): Promise<number> {
  const { rows } = await sql`select 1 from pg_locks where locktype = 'advisory'
    and granted = ${granted} and database = (
      select oid from pg_database where datname = current_database())`.execute(admin)
  return rows.length
}

async function typesOf(query: string): Promise<Record<string, string>> {
  const { fields } = await own.pool('upi_transform').query(`select * from (${query}) as q limit 0`)
  const types = await sql<{ oid: number; name: string }>`
    select oid, typname as name from pg_type`.execute(admin)
  const names = new Map(types.rows.map(({ oid, name }) => [oid, name]))
  return Object.fromEntries(
    fields.map(({ name, dataTypeID }) => [name, names.get(dataTypeID) ?? '']),
  )
}
