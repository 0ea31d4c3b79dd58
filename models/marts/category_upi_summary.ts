import { sql } from 'kysely'
import { agrees } from '../agreement.ts'
import { day, label, OUTCOMES, outcomesAddUp, rupees } from '../columns.ts'
import { oneOf } from '../engine/column.ts'
import { model } from '../engine/define-model.ts'
import { countWhere, orEmpty, sumWhere } from '../expressions.ts'
import { stg_upi_transactions } from '../staging/stg_upi_transactions.ts'
import { daily_upi_summary } from './daily_upi_summary.ts'

export const category_upi_summary = model('category_upi_summary')
  .select((db, ref) =>
    db
      .selectFrom(ref(stg_upi_transactions, 't'))
      .where('t.is_payment', '=', sql.lit(true))
      .select('t.txn_date as date')
      .select(({ ref: column, fn }) => [
        orEmpty(column('t.mcc')).as('mcc'),
        orEmpty(column('t.type')).as('type'),
        orEmpty(column('t.channel')).as('channel'),
        fn.countAll<string>().as('total_txns'),
        countWhere(column('t.is_success')).as('success_txns'),
        countWhere(column('t.is_failed')).as('failed_txns'),
        countWhere(column('t.is_pending')).as('pending_txns'),
        countWhere(column('t.is_reversed')).as('reversed_txns'),
        sumWhere(column('t.amount'), column('t.is_success')).as('amount'),
      ])
      .groupBy(({ ref: column }) => [
        column('t.txn_date'),
        orEmpty(column('t.mcc')),
        orEmpty(column('t.type')),
        orEmpty(column('t.channel')),
      ]),
  )
  .promise({
    kind: 'by day',
    about:
      'One row a business date and kind of payment: what was bought, between whom and how it was begun. No refunds.',
    tags: ['daily', 'category'],
    grain: ['date', 'mcc', 'type', 'channel'],
    day: 'date',
    columns: {
      date: day('Business date, Asia/Kolkata.'),
      mcc: label("Merchant category code; '' if the payment carries none."),
      type: label("P2P or P2M; '' if the payment does not say.", oneOf('P2P', 'P2M', '')),
      channel: label(
        "How the payment was begun; '' if it does not say.",
        oneOf('QR', 'INTENT', 'COLLECT', 'MANDATE', 'OTHER', ''),
      ),
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
