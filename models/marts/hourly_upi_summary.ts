import { sql } from 'kysely'
import { agrees } from '../agreement.ts'
import { day, OUTCOMES, outcomesAddUp, rupees } from '../columns.ts'
import { between, column } from '../engine/column.ts'
import { model } from '../engine/define-model.ts'
import { countWhere, indianTime, sumWhere } from '../expressions.ts'
import { stg_upi_transactions } from '../staging/stg_upi_transactions.ts'
import { daily_upi_summary } from './daily_upi_summary.ts'

export const hourly_upi_summary = model('hourly_upi_summary')
  .select((db, ref) =>
    db
      .selectFrom(ref(stg_upi_transactions, 't'))
      .where('t.is_payment', '=', sql.lit(true))
      .select('t.txn_date as date')
      .select(({ ref: column, fn }) => [
        sql<number>`date_part('hour', ${indianTime(column('t.event_time'))})::smallint`.as('hour'),
        fn.countAll<string>().as('total_txns'),
        countWhere(column('t.is_success')).as('success_txns'),
        countWhere(column('t.is_failed')).as('failed_txns'),
        countWhere(column('t.is_pending')).as('pending_txns'),
        countWhere(column('t.is_reversed')).as('reversed_txns'),
        sumWhere(column('t.amount'), column('t.is_success')).as('amount'),
      ])
      .groupBy(['t.txn_date', 'hour']),
  )
  .promise({
    kind: 'by day',
    about: 'One row an hour of a business date that has payments: payments by outcome, and money.',
    tags: ['daily', 'hourly'],
    grain: ['date', 'hour'],
    day: 'date',
    columns: {
      date: day('Business date, Asia/Kolkata.'),
      hour: column('smallint', 'Hour in India in which they were initiated.', between(0, 23)),
      ...OUTCOMES,
      amount: rupees('Rupees of the payments that succeeded.'),
    },
    checks: [
      outcomesAddUp,
      agrees(daily_upi_summary, {
        total_txns: 'total_txns',
        success_txns: 'success_txns',
        failed_txns: 'failed_txns',
        pending_txns: 'pending_txns',
        reversed_txns: 'reversed_txns',
        amount: 'total_amount',
      }),
    ],
  })
