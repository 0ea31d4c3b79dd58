import { sql } from 'kysely'
import { day, label } from '../columns.ts'
import { model } from '../engine/define-model.ts'
import { countWhere, rate, sideOf, sidesGrouped, whoOf } from '../expressions.ts'
import { SIDE, SIDE_CHECKS, SIDE_FIGURES } from '../sides.ts'
import { stg_upi_transactions } from '../staging/stg_upi_transactions.ts'

export const handle_upi_summary = model('handle_upi_summary')
  .select((db, ref) =>
    db
      .with('counted', (q) =>
        q
          .selectFrom(ref(stg_upi_transactions, 't'))
          .where('t.is_payment', '=', sql.lit(true))
          .select('t.txn_date as date')
          .select(({ ref: column, fn }) => [
            whoOf(column('t.payer_handle'), column('t.payee_handle')).as('handle'),
            sideOf(column('t.payer_handle')).as('side'),
            fn.countAll<string>().as('txns'),
            countWhere(column('t.is_success')).as('approved'),
            countWhere(sql`${column('t.decline_class')} = 'TD'`).as('td'),
            countWhere(sql`${column('t.decline_class')} = 'BD'`).as('bd'),
            countWhere(column('t.is_reversed')).as('reversals'),
          ])
          .groupBy(({ ref: column }) =>
            sidesGrouped(column('t.txn_date'), column('t.payer_handle'), column('t.payee_handle')),
          ),
      )
      .selectFrom('counted as c')
      .select(['c.date', 'c.handle', 'c.side'])
      .select(['c.txns', 'c.approved', 'c.td', 'c.bd', 'c.reversals'])
      .select(({ ref: column }) => [
        rate(column('c.approved'), column('c.txns')).as('approved_rate'),
        rate(column('c.td'), column('c.txns')).as('td_rate'),
        rate(column('c.bd'), column('c.txns')).as('bd_rate'),
      ]),
  )
  .promise({
    kind: 'by day',
    about:
      'One row a business date, handle and side: how the payments went that its holders made or got. No refunds.',
    tags: ['daily', 'party'],
    grain: ['date', 'handle', 'side'],
    day: 'date',
    columns: {
      date: day('Business date, Asia/Kolkata.'),
      handle: label('Handle of the VPA: it names the app, not the bank.'),
      side: SIDE,
      ...SIDE_FIGURES,
    },
    checks: SIDE_CHECKS,
  })
