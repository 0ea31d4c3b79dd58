import { sql } from 'kysely'
import { agrees } from '../agreement.ts'
import {
  balance,
  count,
  day,
  fraction,
  millis,
  OUTCOMES,
  outcomesAddUp,
  rupees,
  rupeesOrNull,
} from '../columns.ts'
import { model, type RowOf } from '../engine/define-model.ts'
import { average, countWhere, rate, sumWhere } from '../expressions.ts'
import { stg_upi_transactions } from '../staging/stg_upi_transactions.ts'
import { fact_upi_aggregates } from './fact_upi_aggregates.ts'

export const daily_upi_summary = model('daily_upi_summary')
  .select((db, ref) =>
    db
      .with('counted', (q) =>
        q
          .selectFrom(ref(stg_upi_transactions, 't'))
          .select('t.txn_date as date')
          .select(({ ref: column, not }) => {
            const payment = column('t.is_payment')
            const success = column('t.is_success')
            const latencies = sql<string[] | null>`percentile_disc(array[0.5, 0.95, 0.99])
              within group (order by ${column('t.latency_ms')}) filter (where ${payment})`
            return [
              countWhere(payment).as('total_txns'),
              countWhere(payment, success).as('success_txns'),
              countWhere(payment, column('t.is_failed')).as('failed_txns'),
              countWhere(payment, column('t.is_pending')).as('pending_txns'),
              countWhere(payment, column('t.is_reversed')).as('reversed_txns'),
              sumWhere(column('t.amount'), payment, success).as('total_amount'),
              sumWhere(column('t.amount'), payment).as('attempted_amount'),
              countWhere(not(payment), success).as('refund_txns'),
              sumWhere(column('t.amount'), not(payment), success).as('refund_amount'),
              countWhere(payment, sql`${column('t.decline_class')} = 'TD'`).as('td_txns'),
              countWhere(payment, sql`${column('t.decline_class')} = 'BD'`).as('bd_txns'),
              latencies.as('latencies'),
            ]
          })
          .groupBy('t.txn_date'),
      )
      .selectFrom('counted as c')
      .innerJoin(ref(fact_upi_aggregates, 'f'), 'f.txn_date', 'c.date')
      .select([
        'c.date',
        'c.total_txns',
        'c.success_txns',
        'c.failed_txns',
        'c.pending_txns',
        'c.reversed_txns',
        'c.total_amount',
        'c.attempted_amount',
        'c.refund_txns',
        'c.refund_amount',
      ])
      .select(({ ref: column }) => {
        const [total, success] = [column('c.total_txns'), column('c.success_txns')]
        const terminal = sql<string>`(${total} - ${column('c.pending_txns')})`
        const net = sql<string>`(${column('c.total_amount')} - ${column('c.refund_amount')})`
        const latency = (nth: number) =>
          sql<string | null>`${column('c.latencies')}[${sql.lit(nth)}]`
        return [
          sql<string>`${net}::numeric(38, 2)`.as('net_amount'),
          rate(success, total).as('success_rate'),
          rate(success, terminal).as('terminal_success_rate'),
          'c.td_txns',
          'c.bd_txns',
          'f.unique_payers',
          'f.unique_payees',
          average(column('c.total_amount'), success).as('avg_ticket'),
          latency(1).as('p50_latency_ms'),
          latency(2).as('p95_latency_ms'),
          latency(3).as('p99_latency_ms'),
        ]
      }),
  )
  .promise({
    kind: 'by day',
    about: 'One row a business date: payments by outcome, money, people, speed. Refunds apart.',
    tags: ['daily'],
    grain: ['date'],
    day: 'date',
    columns: {
      date: day('Business date, Asia/Kolkata.'),
      ...OUTCOMES,
      total_amount: rupees('Rupees of the payments that succeeded.'),
      attempted_amount: rupees('Rupees of all payments.'),
      refund_txns: count('Refunds that succeeded.'),
      refund_amount: rupees('Rupees of the refunds that succeeded.'),
      net_amount: balance('total_amount less refund_amount.'),
      success_rate: fraction('success ÷ total; null without payments.'),
      terminal_success_rate: fraction('success ÷ (total − pending); null without final payments.'),
      td_txns: count('Payments declined for technical reasons.'),
      bd_txns: count('Payments declined for business reasons.'),
      unique_payers: count('Different payers of all payments, by key.'),
      unique_payees: count('Different payees of all payments, by key.'),
      avg_ticket: rupeesOrNull('total_amount ÷ success_txns; null without success.'),
      p50_latency_ms: millis('Median latency of the payments that carry one.'),
      p95_latency_ms: millis('95th percentile of the same.'),
      p99_latency_ms: millis('99th percentile of the same.'),
    },
    checks: [
      outcomesAddUp,
      {
        name: 'percentiles in order',
        holds: (of) => sql`(${of('p50_latency_ms')} <= ${of('p95_latency_ms')}
          and ${of('p95_latency_ms')} <= ${of('p99_latency_ms')})`,
      },
      agrees(fact_upi_aggregates, {
        total_txns: 'total_txns',
        success_txns: 'success_txns',
        failed_txns: 'failed_txns',
        pending_txns: 'pending_txns',
        total_amount: 'total_amount',
      }),
    ],
  })

export type DailyUpiSummary = RowOf<typeof daily_upi_summary>
