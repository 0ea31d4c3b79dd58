import { sql } from 'kysely'
import { agrees } from '../agreement.ts'
import { count, day, rupees } from '../columns.ts'
import { between, column } from '../engine/column.ts'
import { model } from '../engine/define-model.ts'
import { indianTime } from '../expressions.ts'
import { stg_upi_transactions } from '../staging/stg_upi_transactions.ts'
import { daily_upi_summary } from './daily_upi_summary.ts'

// NPCI's cycles 2 to 10 in India's time, and last the next day's cycle 1, which begins in the evening before.
const BEGINNINGS = sql`array['00:00', '05:00', '07:00', '09:00', '11:00',
  '13:00', '15:00', '17:00', '19:00', '21:00']::time[]`

export const settlement_upi_summary = model('settlement_upi_summary')
  .select((db, ref) =>
    db
      .with('placed', (q) =>
        q
          .selectFrom(ref(stg_upi_transactions, 't'))
          .where('t.is_payment', '=', sql.lit(true))
          .where('t.is_success', '=', sql.lit(true))
          .select(['t.txn_date', 't.amount'])
          .select(({ ref: column }) => {
            const time = sql`${indianTime(column('t.event_time'))}::time`
            return sql<number>`width_bucket(${time}, ${BEGINNINGS})`.as('nth')
          }),
      )
      .selectFrom('placed as p')
      .select(({ ref: column, fn }) => [
        sql<string>`${column('p.txn_date')} + (${column('p.nth')} = 10)::integer`.as(
          'settlement_date',
        ),
        sql<number>`(${column('p.nth')} % 10 + 1)::smallint`.as('cycle'),
        fn.countAll<string>().as('txns'),
        sql<string>`sum(${column('p.amount')})::numeric(38, 2)`.as('amount'),
      ])
      .groupBy(['p.txn_date', 'p.nth']),
  )
  .promise({
    kind: 'by day',
    about:
      'One row a settlement date and cycle: payments that succeeded, by when they were initiated. No refunds.',
    tags: ['daily', 'settlement'],
    grain: ['settlement_date', 'cycle'],
    // Its cycle 1 is made of the evening before.
    day: (of) => sql`(${of('settlement_date')} - (${of('cycle')} = 1)::integer)`,
    columns: {
      settlement_date: day('Date on which NPCI settles: from 21:00 in India on, the next one.'),
      cycle: column(
        'smallint',
        "One of NPCI's ten cycles; the first begins at 21:00.",
        between(1, 10),
      ),
      txns: count('Payments that succeeded.'),
      amount: rupees('Rupees of them.'),
    },
    checks: [agrees(daily_upi_summary, { txns: 'success_txns', amount: 'total_amount' })],
  })
