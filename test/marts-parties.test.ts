import type { Kysely } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { bank_upi_summary } from '../models/marts/bank_upi_summary.ts'
import { category_upi_summary } from '../models/marts/category_upi_summary.ts'
import { daily_upi_summary } from '../models/marts/daily_upi_summary.ts'
import { decline_upi_summary } from '../models/marts/decline_upi_summary.ts'
import { handle_upi_summary } from '../models/marts/handle_upi_summary.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { buildMarts, rowsOf } from './build-marts.ts'
import { clearModels } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const DAY = '2026-02-01'
const REFUND = { type: 'REFUND', payer: 'chaishop@ybl', payee: 'as***k@okhdfcbank' }
let admin: Kysely<Database>
let db: Kysely<Database>

beforeEach(async () => {
  admin ??= createDatabase(own.pool())
  db ??= createDatabase(own.pool('upi_transform'))
  await clearModels(admin)
})

describe('handle_upi_summary', () => {
  test('has each payment under the handle that pays and the handle that is paid', async () => {
    await insertClean(
      admin,
      { payer: 'asha.k@okhdfcbank', payee: 'chaishop@ybl' },
      { payer: 'asha.k@okhdfcbank', payee: 'ra***i@okhdfcbank', type: 'P2P' },
      { payer: 'ravi@ybl', status: 'FAILED', decline_class: 'TD' },
      { payer: 'ravi@ybl', status: 'DECLINED', decline_class: 'BD' },
      { payer: 'ravi@ybl', status: 'REVERSED' },
      { ...REFUND, decline_class: 'TD' },
    )
    await buildMarts(db, DAY)
    const clean = { td: '0', bd: '0', reversals: '0', td_rate: '0.000000', bd_rate: '0.000000' }
    const whole = { ...clean, approved_rate: '1.000000' }
    expect(await rowsOf(db, handle_upi_summary)).toEqual([
      { ...whole, date: DAY, handle: 'okhdfcbank', side: 'payee', txns: '1', approved: '1' },
      { ...whole, date: DAY, handle: 'okhdfcbank', side: 'payer', txns: '2', approved: '2' },
      {
        date: DAY,
        handle: 'ybl',
        side: 'payee',
        txns: '4',
        approved: '1',
        td: '1',
        bd: '1',
        reversals: '1',
        approved_rate: '0.250000',
        td_rate: '0.250000',
        bd_rate: '0.250000',
      },
      {
        date: DAY,
        handle: 'ybl',
        side: 'payer',
        txns: '3',
        approved: '0',
        td: '1',
        bd: '1',
        reversals: '1',
        approved_rate: '0.000000',
        td_rate: '0.333333',
        bd_rate: '0.333333',
      },
    ])
  })
})

describe('bank_upi_summary', () => {
  test("has banks by side, and '' for the one that a payment does not name", async () => {
    await insertClean(
      admin,
      { payer_bank: 'HDFC', payee_bank: 'YESB' },
      { payer_bank: 'HDFC', status: 'PENDING' },
      { payee_bank: 'HDFC', status: 'FAILED' },
      { status: 'DEEMED', decline_class: 'TD' },
      { ...REFUND, payer_bank: 'YESB', payee_bank: 'HDFC' },
    )
    await buildMarts(db, DAY)
    const none = { td: '0', bd: '0', reversals: '0', td_rate: '0.000000', bd_rate: '0.000000' }
    const half = { approved_rate: '0.500000' }
    const zero = { approved_rate: '0.000000', approved: '0' }
    const td = { td: '1', td_rate: '0.500000' }
    expect(await rowsOf(db, bank_upi_summary)).toEqual([
      { ...none, ...zero, ...td, date: DAY, bank: '', side: 'payee', txns: '2' },
      { ...none, ...zero, ...td, date: DAY, bank: '', side: 'payer', txns: '2' },
      { ...none, ...zero, date: DAY, bank: 'HDFC', side: 'payee', txns: '1' },
      { ...none, ...half, date: DAY, bank: 'HDFC', side: 'payer', txns: '2', approved: '1' },
      {
        ...{ ...none, date: DAY, bank: 'YESB', side: 'payee', txns: '1' },
        ...{ approved: '1', approved_rate: '1.000000' },
      },
    ])
  })
})

describe('category_upi_summary', () => {
  test("has a row a kind of payment, with '' for what a payment does not say", async () => {
    await insertClean(
      admin,
      { mcc: '5814', channel: 'QR', amount: '20.00' },
      { mcc: '5814', channel: 'QR', amount: '30.50' },
      { mcc: '5814', channel: 'QR', status: 'DECLINED' },
      { mcc: '5814', status: 'REVERSED' },
      { type: 'P2P', payee: 'ra***i@ybl', channel: 'INTENT', status: 'PENDING' },
      { type: null },
      { ...REFUND, mcc: '5814', channel: 'QR' },
    )
    await buildMarts(db, DAY)
    const none = { success_txns: '0', failed_txns: '0', pending_txns: '0', reversed_txns: '0' }
    const one = { ...none, date: DAY, total_txns: '1', amount: '0.00' }
    expect(await rowsOf(db, category_upi_summary)).toEqual([
      { ...one, mcc: '', type: '', channel: '', success_txns: '1', amount: '100.00' },
      { ...one, mcc: '', type: 'P2P', channel: 'INTENT', pending_txns: '1' },
      { ...one, mcc: '5814', type: 'P2M', channel: '', reversed_txns: '1' },
      {
        ...{ ...one, mcc: '5814', type: 'P2M', channel: 'QR', amount: '50.50' },
        ...{ total_txns: '3', success_txns: '2', failed_txns: '1' },
      },
    ])
  })
})

describe('decline_upi_summary', () => {
  const U28 = { response_code: 'U28', decline_class: 'TD' } as const
  const Z9 = { response_code: 'Z9', decline_class: 'BD' } as const

  test("has what failed by its code, '' and unclassed ones too", async () => {
    await insertClean(
      admin,
      { status: 'FAILED', ...U28 },
      { status: 'DECLINED', ...Z9 },
      { status: 'DECLINED', ...Z9 },
      { status: 'FAILED', response_code: 'U30' },
      { status: 'EXPIRED' },
      { response_code: '00' },
      { status: 'PENDING', response_code: '01' },
      { ...REFUND, status: 'FAILED', ...U28 },
    )
    await buildMarts(db, DAY)
    expect(await rowsOf(db, decline_upi_summary)).toEqual([
      { date: DAY, response_code: '', class: null, txns: '1' },
      { date: DAY, response_code: 'U28', class: 'TD', txns: '1' },
      { date: DAY, response_code: 'U30', class: null, txns: '1' },
      { date: DAY, response_code: 'Z9', class: 'BD', txns: '2' },
    ])
  })

  test('has the classes of the day: a DEEMED payment whose code is classed counts in both', async () => {
    const deemed = { status: 'DEEMED', response_code: '96', decline_class: 'TD' } as const
    await insertClean(admin, deemed, { ...deemed, status: 'FAILED' }, { status: 'FAILED', ...Z9 })
    await buildMarts(db, DAY)
    expect(await rowsOf(db, decline_upi_summary)).toEqual([
      { date: DAY, response_code: '96', class: 'TD', txns: '2' },
      { date: DAY, response_code: 'Z9', class: 'BD', txns: '1' },
    ])
    expect(await rowsOf(db, daily_upi_summary)).toMatchObject([{ td_txns: '2', bd_txns: '1' }])
  })

  test('builds a day on which a code was classed anew, in part', async () => {
    const codes = { status: 'FAILED', response_code: 'U30' } as const
    await insertClean(admin, codes, { ...codes, decline_class: 'TD' })
    await buildMarts(db, DAY)
    expect(await rowsOf(db, decline_upi_summary)).toEqual([
      { date: DAY, response_code: 'U30', class: 'TD', txns: '2' },
    ])
  })

  test('forgets a decline that has succeeded after all', async () => {
    await insertClean(admin, { txn_id: 'AFTER', status: 'FAILED', ...U28 })
    await buildMarts(db, DAY)
    await admin
      .updateTable('clean_upi_transactions')
      .set({ status: 'SUCCESS', response_code: '00', decline_class: null })
      .where('txn_id', '=', 'AFTER')
      .execute()
    await buildMarts(db, DAY)
    expect(await rowsOf(db, decline_upi_summary)).toEqual([])
  })
})
