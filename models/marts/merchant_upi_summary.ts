import { sql } from 'kysely'
import { agrees } from '../agreement.ts'
import { balance, count, day, fraction, label, rupees, rupeesOrNull } from '../columns.ts'
import { model } from '../engine/define-model.ts'
import { average, countDistinctWhere, countWhere, rate, sumWhere } from '../expressions.ts'
import { clean_upi_transactions } from '../sources.ts'
import { stg_upi_transactions } from '../staging/stg_upi_transactions.ts'
import { daily_upi_summary } from './daily_upi_summary.ts'

export const merchant_upi_summary = model('merchant_upi_summary')
  .select((db, ref) =>
    db
      .with('counted', (q) =>
        q
          .selectFrom(ref(stg_upi_transactions, 't'))
          .where('t.merchant', 'is not', null)
          .select('t.txn_date as date')
          .select(({ ref: column, not }) => {
            const payment = column('t.is_payment')
            const success = column('t.is_success')
            return [
              column('t.merchant').$notNull().as('merchant'),
              countWhere(payment).as('total_txns'),
              countWhere(payment, success).as('success_txns'),
              countWhere(payment, column('t.is_failed')).as('failed_txns'),
              countWhere(payment, column('t.is_pending')).as('pending_txns'),
              sumWhere(column('t.amount'), payment, success).as('amount'),
              sumWhere(column('t.amount'), payment).as('attempted_amount'),
              sumWhere(column('t.amount'), not(payment), success).as('refund_amount'),
              countDistinctWhere(column('t.payer_key'), payment).as('unique_payers'),
            ]
          })
          .groupBy(['t.merchant', 't.txn_date']),
      )
      .selectFrom('counted as c')
      .select(['c.merchant', 'c.date'])
      .select(['c.total_txns', 'c.success_txns', 'c.failed_txns', 'c.pending_txns'])
      .select(['c.amount', 'c.attempted_amount', 'c.refund_amount'])
      .select(({ ref: column }) => {
        const [amount, success] = [column('c.amount'), column('c.success_txns')]
        return [
          sql<string>`(${amount} - ${column('c.refund_amount')})::numeric(38, 2)`.as('net_amount'),
          'c.unique_payers',
          average(amount, success).as('avg_ticket'),
          rate(success, column('c.total_txns')).as('success_rate'),
        ]
      }),
  )
  .promise({
    kind: 'by day',
    about:
      'One row a merchant and business date with payments to it or refunds by it; with refunds only, of 0 payments.',
    tags: ['daily', 'merchant'],
    grain: ['merchant', 'date'],
    day: 'date',
    columns: {
      merchant: label('VPA of the merchant, in lower case.'),
      date: day('Business date, Asia/Kolkata.'),
      total_txns: count('Payments to the merchant, of any status.'),
      success_txns: count('Payments that succeeded.'),
      failed_txns: count('Payments FAILED, EXPIRED or DECLINED.'),
      pending_txns: count('Payments PENDING or DEEMED.'),
      amount: rupees('Rupees of the payments that succeeded.'),
      attempted_amount: rupees('Rupees of all payments.'),
      refund_amount: rupees('Rupees of the refunds by the merchant that succeeded.'),
      net_amount: balance('amount less refund_amount.'),
      unique_payers: count('Different payers of all payments, by key.'),
      avg_ticket: rupeesOrNull('amount ÷ success_txns; null without success.'),
      success_rate: fraction('success ÷ total; null without payments.'),
    },
    checks: [
      {
        name: 'no more outcomes than payments',
        holds: (of) =>
          sql`${of('success_txns')} + ${of('failed_txns')} + ${of('pending_txns')} <= ${of('total_txns')}`,
      },
      {
        name: 'no more payers than payments',
        holds: (of) => sql`${of('unique_payers')} <= ${of('total_txns')}`,
      },
      agrees(daily_upi_summary, { refund_amount: 'refund_amount' }),
      {
        // Payments between persons have no merchant, so the day's totals are not these.
        name: 'payments to merchants as in clean',
        columns: ['total_txns', 'attempted_amount'],
        totals: (db, ref) =>
          db
            .selectFrom(ref(clean_upi_transactions, 'c'))
            .where(sql<boolean>`c.type is distinct from 'REFUND' and c.payee not like '%*%'`)
            .select(({ fn }) => [
              fn.countAll<string>().as('total_txns'),
              fn.sum<string>('c.amount').as('attempted_amount'),
            ]),
      },
    ],
  })
