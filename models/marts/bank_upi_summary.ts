import { sql } from 'kysely'
import { day, label } from '../columns.ts'
import { model } from '../engine/define-model.ts'
import { countWhere, orEmpty, rate, sideOf, sidesGrouped, whoOf } from '../expressions.ts'
import { SIDE, SIDE_CHECKS, SIDE_FIGURES } from '../sides.ts'
import { stg_upi_transactions } from '../staging/stg_upi_transactions.ts'

export const bank_upi_summary = model('bank_upi_summary')
  .select((db, ref) =>
    db
      .with('counted', (q) =>
        q
          .selectFrom(ref(stg_upi_transactions, 't'))
          .where('t.is_payment', '=', sql.lit(true))
          .select('t.txn_date as date')
          .select(({ ref: column, fn }) => [
            whoOf(orEmpty(column('t.payer_bank')), orEmpty(column('t.payee_bank'))).as('bank'),
            sideOf(orEmpty(column('t.payer_bank'))).as('side'),
            fn.countAll<string>().as('txns'),
            countWhere(column('t.is_success')).as('approved'),
            countWhere(sql`${column('t.decline_class')} = 'TD'`).as('td'),
            countWhere(sql`${column('t.decline_class')} = 'BD'`).as('bd'),
            countWhere(column('t.is_reversed')).as('reversals'),
          ])
          .groupBy(({ ref: column }) =>
            sidesGrouped(
              column('t.txn_date'),
              orEmpty(column('t.payer_bank')),
              orEmpty(column('t.payee_bank')),
            ),
          ),
      )
      .selectFrom('counted as c')
      .select(['c.date', 'c.bank', 'c.side'])
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
      'One row a business date, bank and side: how the payments went that it debited or credited. No refunds.',
    tags: ['daily', 'party'],
    grain: ['date', 'bank', 'side'],
    day: 'date',
    columns: {
      date: day('Business date, Asia/Kolkata.'),
      bank: label("Bank of the account; '' if the payment names none."),
      side: SIDE,
      ...SIDE_FIGURES,
    },
    checks: SIDE_CHECKS,
  })
