import { sql } from 'kysely'
import { agrees } from '../agreement.ts'
import { count, day, fraction, label, rupees, rupeesOrNull } from '../columns.ts'
import { atLeast, column } from '../engine/column.ts'
import { follow, model } from '../engine/define-model.ts'
import { average, rate } from '../expressions.ts'
import { merchant_upi_summary } from './merchant_upi_summary.ts'

export const dim_merchants = model('dim_merchants')
  .select((db, ref) =>
    db
      .with('summed', (q) =>
        q
          .selectFrom(ref(merchant_upi_summary, 'm'))
          .select('m.merchant as merchant_id')
          .select(({ ref: column }) => [
            sql<string>`min(${column('m.date')})`.as('first_transaction_date'),
            sql<string>`max(${column('m.date')})`.as('last_transaction_date'),
            sql<number>`count(*)::integer`.as('active_days'),
            sql<string>`sum(${column('m.total_txns')})::bigint`.as('total_transactions'),
            sql<string>`sum(${column('m.amount')})::numeric(38, 2)`.as('total_revenue'),
            sql<string>`sum(${column('m.success_txns')})::bigint`.as('successful_transactions'),
          ])
          .groupBy('m.merchant'),
      )
      .selectFrom('summed as s')
      .select(['s.merchant_id', 's.first_transaction_date', 's.last_transaction_date'])
      .select(['s.active_days', 's.total_transactions', 's.total_revenue'])
      .select(({ ref: column }) => {
        const successful = column('s.successful_transactions')
        return [
          average(column('s.total_revenue'), successful).as('avg_transaction_amount'),
          's.successful_transactions',
          rate(successful, column('s.total_transactions')).as('success_rate'),
        ]
      }),
  )
  .promise({
    kind: 'by key',
    about:
      'One row a merchant, of all its days: merchant_upi_summary, which is kept for ever, summed.',
    tags: ['merchant'],
    grain: ['merchant_id'],
    follows: follow(merchant_upi_summary, 'merchant'),
    columns: {
      merchant_id: label('VPA of the merchant, in lower case.'),
      first_transaction_date: day('First business date with a payment or a refund.'),
      last_transaction_date: day('Last of them.'),
      active_days: column('integer', 'How many of them there are.', atLeast(1)),
      total_transactions: count('Payments to the merchant, of any status.'),
      total_revenue: rupees('Rupees of the payments that succeeded.'),
      avg_transaction_amount: rupeesOrNull(
        'total_revenue ÷ successful_transactions; null without success.',
      ),
      successful_transactions: count('Payments that succeeded.'),
      success_rate: fraction('successful ÷ total; null without payments.'),
    },
    checks: [
      {
        name: 'no more active days than days',
        holds: (of) =>
          sql`${of('active_days')} <= ${of('last_transaction_date')} - ${of('first_transaction_date')} + 1`,
      },
      {
        name: 'no more successes than payments',
        holds: (of) => sql`${of('successful_transactions')} <= ${of('total_transactions')}`,
      },
      agrees(merchant_upi_summary, {
        total_transactions: 'total_txns',
        successful_transactions: 'success_txns',
        total_revenue: 'amount',
      }),
    ],
  })
