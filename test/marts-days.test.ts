import { type Kysely, sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { MODELS } from '../models/index.ts'
import { daily_upi_summary } from '../models/marts/daily_upi_summary.ts'
import { fact_upi_aggregates } from '../models/marts/fact_upi_aggregates.ts'
import { hourly_upi_summary } from '../models/marts/hourly_upi_summary.ts'
import { settlement_upi_summary } from '../models/marts/settlement_upi_summary.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { buildMarts, rowsOf, wrongTotals } from './build-marts.ts'
import { clearModels } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const DAY = '2026-02-01'
const NEXT = '2026-02-02'
const REFUND = { type: 'REFUND', payer: 'chaishop@ybl', payee: 'as***k@okhdfcbank' }
const marts = MODELS.filter(({ kind }) => kind !== 'view')
let admin: Kysely<Database>
let db: Kysely<Database>

beforeEach(async () => {
  admin ??= createDatabase(own.pool())
  db ??= createDatabase(own.pool('upi_transform'))
  await clearModels(admin)
})

const at = (time: string, day = DAY) => `${day}T${time}+05:30`

describe('fact_upi_aggregates', () => {
  test('has the figures of a day, over all statuses but for the money', async () => {
    await insertClean(
      admin,
      { amount: '100.10' },
      { amount: '0.20', payer: 'ravi@ybl', payee: 'me***a@ybl', type: 'P2P' },
      { amount: '50.00', status: 'FAILED' },
      { amount: '50.00', status: 'DECLINED' },
      { amount: '7.00', status: 'DEEMED', payer: 'ravi@oksbi' },
      { amount: '9.00', status: 'REVERSED' },
      { ...REFUND, amount: '30.00' },
    )
    await buildMarts(db, DAY)
    expect(await rowsOf(db, fact_upi_aggregates)).toEqual([
      {
        txn_date: DAY,
        total_txns: '6',
        total_amount: '100.30',
        success_rate: '0.333333',
        success_txns: '2',
        failed_txns: '2',
        pending_txns: '1',
        avg_txn_amount: '50.15',
        min_txn_amount: '0.20',
        max_txn_amount: '100.10',
        unique_payers: '3',
        unique_payees: '2',
        unique_handles: '3',
      },
    ])
  })

  test('has null for a mean of nothing, and a row for a day of refunds only', async () => {
    await insertClean(admin, { status: 'PENDING' }, { ...REFUND, at: at('12:00:00', NEXT) })
    await buildMarts(db, DAY, NEXT)
    const none = { avg_txn_amount: null, min_txn_amount: null, max_txn_amount: null }
    expect(await rowsOf(db, fact_upi_aggregates)).toMatchObject([
      { txn_date: DAY, total_txns: '1', success_rate: '0.000000', ...none },
      { txn_date: NEXT, total_txns: '0', success_rate: null, unique_payees: '0', ...none },
    ])
    expect(await rowsOf(db, daily_upi_summary)).toMatchObject([
      { date: DAY, refund_txns: '0' },
      { date: NEXT, refund_txns: '1', refund_amount: '100.00', net_amount: '-100.00' },
    ])
    expect(await rowsOf(db, hourly_upi_summary)).toMatchObject([{ date: DAY }])
  })
})

describe('hourly_upi_summary', () => {
  test('has the hours of India, each from its first moment to its last', async () => {
    await insertClean(
      admin,
      { at: at('00:00:00') },
      { at: at('00:59:59.999999'), status: 'FAILED' },
      { at: at('05:29:59.999999'), status: 'PENDING' },
      { at: at('05:30:00'), status: 'REVERSED' },
      { at: at('23:00:00'), status: 'EXPIRED' },
      { at: at('23:59:59.999999'), amount: '0.01' },
      { at: at('00:00:00', NEXT), amount: '0.02' },
      { ...REFUND, at: at('07:00:00') },
    )
    await buildMarts(db, DAY, NEXT)
    const none = { failed_txns: '0', pending_txns: '0', reversed_txns: '0' }
    const two = { date: DAY, total_txns: '2' }
    expect(await rowsOf(db, hourly_upi_summary)).toEqual([
      { ...two, hour: 0, ...none, success_txns: '1', failed_txns: '1', amount: '100.00' },
      {
        ...two,
        hour: 5,
        ...none,
        success_txns: '0',
        pending_txns: '1',
        reversed_txns: '1',
        amount: '0.00',
      },
      { ...two, hour: 23, ...none, success_txns: '1', failed_txns: '1', amount: '0.01' },
      { date: NEXT, hour: 0, ...none, total_txns: '1', success_txns: '1', amount: '0.02' },
    ])
  })

  test('drops an hour whose only payment has moved to another', async () => {
    await insertClean(admin, { txn_id: 'MOVES', at: at('09:00:00') })
    await buildMarts(db, DAY)
    await admin
      .updateTable('clean_upi_transactions')
      .set({ event_time: at('08:59:59') })
      .where('txn_id', '=', 'MOVES')
      .execute()
    await buildMarts(db, DAY)
    expect(await rowsOf(db, hourly_upi_summary)).toMatchObject([{ hour: 8, total_txns: '1' }])
  })
})

describe('settlement_upi_summary', () => {
  // biome-ignore format: one line reads as the clock does.
  const BOUNDS = ['00:00', '05:00', '07:00', '09:00', '11:00', '13:00', '15:00', '17:00', '19:00', '21:00']

  test('has ten cycles, and gives the evening to the next date', async () => {
    const firsts = BOUNDS.map((time, i) => ({ at: at(`${time}:00`), amount: `${i + 1}.00` }))
    const lasts = BOUNDS.map((time) => ({ at: justBefore(at(`${time}:00`)), amount: '0.01' }))
    await insertClean(admin, ...firsts, ...lasts)
    await buildMarts(db, '2026-01-31', DAY)
    const row = (settlement_date: string, cycle: number, txns: string, amount: string) => {
      return { settlement_date, cycle, txns, amount }
    }
    expect(await rowsOf(db, settlement_upi_summary)).toEqual([
      row(DAY, 1, '1', '0.01'),
      row(DAY, 2, '2', '1.01'),
      row(DAY, 3, '2', '2.01'),
      row(DAY, 4, '2', '3.01'),
      row(DAY, 5, '2', '4.01'),
      row(DAY, 6, '2', '5.01'),
      row(DAY, 7, '2', '6.01'),
      row(DAY, 8, '2', '7.01'),
      row(DAY, 9, '2', '8.01'),
      row(DAY, 10, '2', '9.01'),
      row(NEXT, 1, '1', '10.00'),
    ])
  })

  test('settles payments that succeeded and nothing else', async () => {
    await insertClean(
      admin,
      { status: 'DEEMED' },
      { status: 'REVERSED' },
      { status: 'FAILED' },
      REFUND,
      { amount: '2.50', type: null },
      { amount: '2.50', type: 'P2P', payee: 'me***a@ybl' },
    )
    await buildMarts(db, DAY)
    expect(await rowsOf(db, settlement_upi_summary)).toEqual([
      { settlement_date: DAY, cycle: 6, txns: '2', amount: '5.00' },
    ])
  })

  test('a day takes back its own cycles only: 2 to 10, and 1 of the next date', async () => {
    const evening = at('21:00:00')
    await insertClean(
      admin,
      { txn_id: 'A', at: at('21:00:00', '2026-01-31') },
      { txn_id: 'B', at: at('10:00:00') },
      { txn_id: 'C', at: evening },
      { txn_id: 'D', at: at('10:00:00', NEXT) },
    )
    await buildMarts(db, '2026-01-31', DAY, NEXT)
    await admin.deleteFrom('clean_upi_transactions').where('txn_id', 'in', ['B', 'C']).execute()
    await buildMarts(db, DAY)
    expect(await rowsOf(db, settlement_upi_summary)).toMatchObject([
      { settlement_date: DAY, cycle: 1, txns: '1' },
      { settlement_date: NEXT, cycle: 5, txns: '1' },
    ])
  })
})

describe('A payment', () => {
  test('that is pending and succeeds two days later changes the day on which it was begun', async () => {
    await insertClean(admin, { txn_id: 'LATE', status: 'PENDING', amount: '10.00' })
    await buildMarts(db, DAY)
    await setStatus('LATE', 'SUCCESS', at('12:00:00', '2026-02-03'))
    await buildMarts(db, DAY)
    const expected = { pending_txns: '0', success_txns: '1' }
    expect(await rowsOf(db, daily_upi_summary)).toMatchObject([
      { date: DAY, ...expected, p50_latency_ms: '172800000' },
    ])
    expect(await rowsOf(db, hourly_upi_summary)).toMatchObject([{ hour: 12, ...expected }])
    expect(await rowsOf(db, settlement_upi_summary)).toMatchObject([
      { settlement_date: DAY, cycle: 6, amount: '10.00' },
    ])
  })

  test('that is reversed later leaves the money and the settlement', async () => {
    await insertClean(admin, { txn_id: 'BACK', amount: '10.00' })
    await buildMarts(db, DAY)
    await setStatus('BACK', 'REVERSED', at('12:00:01'))
    await buildMarts(db, DAY)
    const expected = { success_txns: '0', reversed_txns: '1' }
    expect(await rowsOf(db, daily_upi_summary)).toMatchObject([
      { ...expected, total_amount: '0.00', attempted_amount: '10.00' },
    ])
    expect(await rowsOf(db, hourly_upi_summary)).toMatchObject([{ ...expected, amount: '0.00' }])
    expect(await rowsOf(db, settlement_upi_summary)).toEqual([])
  })
})

describe('Checks', () => {
  test.each(marts.map(({ name }) => name))('find that %s has lost its rows', async (name) => {
    await insertClean(admin, { status: 'FAILED' }, {}, { ...REFUND, payer: 'tea@ybl' })
    await buildMarts(db, DAY)
    await sql`delete from ${sql.table(name)}`.execute(admin)
    expect((await wrongTotals(db)).map((wrong) => wrong.split(' ')[0])).toContain(name)
  })
})

function justBefore(moment: string): string {
  return new Date(Date.parse(moment) - 1).toISOString()
}

async function setStatus(
  txn_id: string,
  status: 'SUCCESS' | 'REVERSED',
  completed_at: string,
): Promise<void> {
  await admin
    .updateTable('clean_upi_transactions')
    .set({ status, completed_at })
    .set({ latency_ms: sql`1000 * extract(epoch from ${completed_at}::timestamptz - event_time)` })
    .where('txn_id', '=', txn_id)
    .execute()
}
