import type { Kysely } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { daily_upi_summary } from '../models/marts/daily_upi_summary.ts'
import { dim_merchants } from '../models/marts/dim_merchants.ts'
import { merchant_upi_summary } from '../models/marts/merchant_upi_summary.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { buildMarts, rowsOf } from './build-marts.ts'
import { clearModels } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const DAY = '2026-02-01'
const NEXT = '2026-02-02'
const REFUND = { type: 'REFUND', payer: 'chaishop@ybl', payee: 'as***k@okhdfcbank' }
let admin: Kysely<Database>
let db: Kysely<Database>

beforeEach(async () => {
  admin ??= createDatabase(own.pool())
  db ??= createDatabase(own.pool('upi_transform'))
  await clearModels(admin)
})

const at = (time: string, day = DAY) => `${day}T${time}+05:30`

describe('merchant_upi_summary', () => {
  test('has the payments to a merchant by outcome, less what it gave back', async () => {
    await insertClean(
      admin,
      { amount: '100.10' },
      { amount: '0.20', payer: 'ravi@ybl' },
      { amount: '50.00', status: 'FAILED' },
      { amount: '7.00', status: 'DEEMED' },
      { amount: '9.00', status: 'REVERSED' },
      { ...REFUND, amount: '30.00' },
      { ...REFUND, amount: '40.00', status: 'FAILED' },
      { payee: 'tea@ybl', amount: '1.00', status: 'PENDING' },
    )
    await buildMarts(db, DAY)
    expect(await rowsOf(db, merchant_upi_summary)).toEqual([
      {
        merchant: 'chaishop@ybl',
        date: DAY,
        total_txns: '5',
        success_txns: '2',
        failed_txns: '1',
        pending_txns: '1',
        amount: '100.30',
        attempted_amount: '166.30',
        refund_amount: '30.00',
        net_amount: '70.30',
        unique_payers: '2',
        avg_ticket: '50.15',
        success_rate: '0.400000',
      },
      {
        merchant: 'tea@ybl',
        date: DAY,
        total_txns: '1',
        success_txns: '0',
        failed_txns: '0',
        pending_txns: '1',
        amount: '0.00',
        attempted_amount: '1.00',
        refund_amount: '0.00',
        net_amount: '0.00',
        unique_payers: '1',
        avg_ticket: null,
        success_rate: '0.000000',
      },
    ])
  })

  test('has a merchant with refunds only, of no payments', async () => {
    await insertClean(admin, { ...REFUND, amount: '30.00' })
    await buildMarts(db, DAY)
    expect(await rowsOf(db, merchant_upi_summary)).toEqual([
      {
        ...{ merchant: 'chaishop@ybl', date: DAY, total_txns: '0', success_txns: '0' },
        ...{ failed_txns: '0', pending_txns: '0', unique_payers: '0' },
        ...{ amount: '0.00', attempted_amount: '0.00', refund_amount: '30.00' },
        ...{ net_amount: '-30.00', avg_ticket: null, success_rate: null },
      },
    ])
  })

  test('has no row for payments between persons, which the day counts', async () => {
    await insertClean(
      admin,
      { type: 'P2P', payee: 'ra***i@ybl' },
      { type: null, payee: '9***@ybl' },
      { type: null, payee: 'chaishop@ybl' },
    )
    await buildMarts(db, DAY)
    expect(await rowsOf(db, merchant_upi_summary)).toMatchObject([
      { merchant: 'chaishop@ybl', total_txns: '1' },
    ])
    expect(await rowsOf(db, daily_upi_summary)).toMatchObject([{ total_txns: '3' }])
  })

  test('takes a payment from the old merchant when it turns out to be to a person', async () => {
    await insertClean(admin, { txn_id: 'TURNS', type: null }, { payee: 'tea@ybl' })
    await buildMarts(db, DAY)
    const merchants = async () =>
      (await rowsOf(db, merchant_upi_summary)).map(({ merchant }) => merchant)
    expect(await merchants()).toEqual(['chaishop@ybl', 'tea@ybl'])
    await admin
      .updateTable('clean_upi_transactions')
      .set({ type: 'P2P', payee: 'ch***p@ybl' })
      .where('txn_id', '=', 'TURNS')
      .execute()
    await buildMarts(db, DAY)
    expect(await merchants()).toEqual(['tea@ybl'])
    expect((await rowsOf(db, dim_merchants)).map((row) => row.merchant_id)).toEqual(['tea@ybl'])
  })

  test('turns its day at midnight in India', async () => {
    await insertClean(
      admin,
      { at: '2026-02-01T18:29:59.999Z', amount: '1.00' },
      { at: '2026-02-01T18:30:00Z', amount: '2.00' },
    )
    await buildMarts(db, DAY, NEXT)
    expect(await rowsOf(db, merchant_upi_summary)).toMatchObject([
      { date: DAY, amount: '1.00' },
      { date: NEXT, amount: '2.00' },
    ])
  })
})

describe('dim_merchants', () => {
  test('sums a merchant over all its days, those with refunds only too', async () => {
    const third = '2026-02-05'
    await insertClean(
      admin,
      { amount: '10.00' },
      { amount: '5.00', status: 'FAILED' },
      { amount: '20.01', at: at('10:00:00', NEXT) },
      { ...REFUND, at: at('10:00:00', third) },
      { ...REFUND, payer: 'tea@ybl' },
    )
    await buildMarts(db, DAY, NEXT, third)
    expect(await rowsOf(db, dim_merchants)).toEqual([
      {
        merchant_id: 'chaishop@ybl',
        first_transaction_date: DAY,
        last_transaction_date: third,
        active_days: 3,
        total_transactions: '3',
        total_revenue: '30.01',
        avg_transaction_amount: '15.01',
        successful_transactions: '2',
        success_rate: '0.666667',
      },
      {
        merchant_id: 'tea@ybl',
        first_transaction_date: DAY,
        last_transaction_date: DAY,
        active_days: 1,
        total_transactions: '0',
        total_revenue: '0.00',
        avg_transaction_amount: null,
        successful_transactions: '0',
        success_rate: null,
      },
    ])
  })

  test('follows a payment that succeeds late, and one that vanishes', async () => {
    await insertClean(
      admin,
      { txn_id: 'LATE', status: 'PENDING' },
      { txn_id: 'GONE', at: at('10:00:00', NEXT) },
    )
    await buildMarts(db, DAY, NEXT)
    expect(await rowsOf(db, dim_merchants)).toMatchObject([
      { active_days: 2, total_revenue: '100.00', successful_transactions: '1' },
    ])
    await admin
      .updateTable('clean_upi_transactions')
      .set({ status: 'SUCCESS' })
      .where('txn_id', '=', 'LATE')
      .execute()
    await admin.deleteFrom('clean_upi_transactions').where('txn_id', '=', 'GONE').execute()
    await buildMarts(db, DAY, NEXT)
    expect(await rowsOf(db, dim_merchants)).toMatchObject([
      {
        last_transaction_date: DAY,
        active_days: 1,
        total_transactions: '1',
        success_rate: '1.000000',
      },
    ])
  })

  test('reads merchant_upi_summary, and of that the keys that it is given', () => {
    const { sql: text } = dim_merchants.compile({ keysIn: 'stale' })
    expect(text).toContain('"merchant_upi_summary" where "merchant" in (select key from "stale")')
    expect(dim_merchants.reads).toEqual([merchant_upi_summary])
  })
})
