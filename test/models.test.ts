import { type Kysely, type Selectable, sql } from 'kysely'
import { beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import { STATUSES } from '../core/status.ts'
import { CHANGED_XID } from '../models/engine/shape.ts'
import type { DailyUpiSummary } from '../models/marts/daily_upi_summary.ts'
import type { CleanUpiTransactions } from '../models/sources.ts'
import type { ModelRun } from '../models/warehouse/ledger.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { readDailySummary } from '../platform/queries/days.ts'
import { buildDay, GRAPH } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const DAY = '2026-02-01'
let admin: Kysely<Database>
let db: Kysely<Database>

beforeEach(async () => {
  admin ??= createDatabase(own.pool())
  db ??= createDatabase(own.pool('upi_transform'))
  await sql`truncate clean_upi_transactions, daily_upi_summary, ops.model_runs, ops.model_days`.execute(
    admin,
  )
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
    const runs = await db
      .selectFrom('ops.model_runs')
      .select(['model', 'business_date', 'state'])
      .where('model', '=', 'daily_upi_summary')
      .execute()
    expect(runs).toEqual([{ model: 'daily_upi_summary', business_date: DAY, state: 'built' }])
  })
})

describe('stg_upi_transactions', () => {
  test('asks of each status what became of the payment', async () => {
    await insertClean(admin, ...STATUSES.map((status) => ({ txn_id: status, status })))
    const { rows } = await sql`
      select status, is_success, is_failed, is_pending, is_reversed, is_terminal
      from stg_upi_transactions where txn_date = ${DAY} and is_payment order by status`.execute(db)
    const [yes, no] = [true, false]
    const asked = (
      ...[is_success, is_failed, is_pending, is_reversed, is_terminal]: boolean[]
    ) => ({
      ...{ is_success, is_failed, is_pending, is_reversed, is_terminal },
    })
    expect(rows).toEqual([
      { status: 'DECLINED', ...asked(no, yes, no, no, yes) },
      { status: 'DEEMED', ...asked(no, no, yes, no, no) },
      { status: 'EXPIRED', ...asked(no, yes, no, no, yes) },
      { status: 'FAILED', ...asked(no, yes, no, no, yes) },
      { status: 'PENDING', ...asked(no, no, yes, no, no) },
      { status: 'REVERSED', ...asked(no, no, no, yes, yes) },
      { status: 'SUCCESS', ...asked(yes, no, no, no, yes) },
    ])
  })

  test('names the merchant: who is paid, who pays back, and nobody between persons', async () => {
    const [shop, person] = ['chaishop@ybl', 'ra***i@okaxis']
    await insertClean(
      admin,
      { txn_id: '1', type: 'P2M', payee: shop },
      { txn_id: '2', type: null, payee: shop },
      { txn_id: '3', type: 'P2P', payee: person },
      { txn_id: '4', type: 'REFUND', payer: shop, payee: person },
    )
    const { rows } = await sql`
      select txn_id, is_payment, merchant from stg_upi_transactions order by txn_id`.execute(db)
    expect(rows).toEqual([
      { txn_id: '1', is_payment: true, merchant: shop },
      { txn_id: '2', is_payment: true, merchant: shop },
      { txn_id: '3', is_payment: true, merchant: null },
      { txn_id: '4', is_payment: false, merchant: shop },
    ])
  })
})

describe('A mart', () => {
  test.each(GRAPH.models.map((model) => [model.name, model] as const))(
    '%s has the columns and the types of its model',
    async (name, model) => {
      await build()
      const mart = await sql`select * from ${sql.table(name)} limit 0`.compile(db).sql
      const [declared, promised] = [await typesOf(mart), await typesOf(model.compile().sql)]
      // The engine's own, where others follow.
      delete declared[CHANGED_XID]
      expect(promised).toEqual(declared)
      expect(Object.keys(declared).toSorted()).toEqual(Object.keys(model.columns).toSorted())
    },
  )

  test('has the same row of clean for models and for queries', () => {
    type Clean = Pick<Selectable<Database['clean_upi_transactions']>, keyof CleanUpiTransactions>
    expectTypeOf<Clean>().toExtend<CleanUpiTransactions>()
    expectTypeOf<CleanUpiTransactions>().toExtend<Clean>()
  })
})

async function build(date = DAY): Promise<readonly ModelRun[]> {
  const { runs } = await buildDay(db, date)
  return runs.filter(({ model }) => model === 'daily_upi_summary')
}

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

async function typesOf(query: string): Promise<Record<string, string>> {
  const { fields } = await own.pool('upi_transform').query(`select * from (${query}) as q limit 0`)
  const types = await sql<{ oid: number; name: string }>`
    select oid, typname as name from pg_type`.execute(admin)
  const names = new Map(types.rows.map(({ oid, name }) => [oid, name]))
  return Object.fromEntries(
    fields.map(({ name, dataTypeID }) => [name, names.get(dataTypeID) ?? '']),
  )
}
