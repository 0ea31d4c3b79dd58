import { sql } from 'kysely'
import { count, day, fraction, rupees, rupeesOrNull } from '../columns.ts'
import { model } from '../engine/define-model.ts'
import { average, countDistinctWhere, countWhere, rate, sumWhere } from '../expressions.ts'
import { clean_upi_transactions } from '../sources.ts'
import { stg_upi_transactions } from '../staging/stg_upi_transactions.ts'

export const fact_upi_aggregates = model('fact_upi_aggregates')
  .select((db, ref) =>
    db
      .with('counted', (q) =>
        q
          .selectFrom(ref(stg_upi_transactions, 't'))
          .select('t.txn_date')
          .select(({ ref: column }) => {
            const payment = column('t.is_payment')
            const success = column('t.is_success')
            const amount = column('t.amount')
            const ofPaid = (extreme: 'min' | 'max') =>
              sql<string | null>`${sql.raw(extreme)}(${amount})
                filter (where ${payment} and ${success})::numeric(38, 2)`
            return [
              countWhere(payment).as('total_txns'),
              sumWhere(amount, payment, success).as('total_amount'),
              countWhere(payment, success).as('success_txns'),
              countWhere(payment, column('t.is_failed')).as('failed_txns'),
              countWhere(payment, column('t.is_pending')).as('pending_txns'),
              ofPaid('min').as('min_txn_amount'),
              ofPaid('max').as('max_txn_amount'),
              countDistinctWhere(column('t.payer_key'), payment).as('unique_payers'),
              countDistinctWhere(column('t.payee_key'), payment).as('unique_payees'),
              countDistinctWhere(column('t.payer_handle'), payment).as('unique_handles'),
            ]
          })
          .groupBy('t.txn_date'),
      )
      .selectFrom('counted as c')
      .select(({ ref: column }) => [
        'c.txn_date',
        'c.total_txns',
        'c.total_amount',
        rate(column('c.success_txns'), column('c.total_txns')).as('success_rate'),
        'c.success_txns',
        'c.failed_txns',
        'c.pending_txns',
        average(column('c.total_amount'), column('c.success_txns')).as('avg_txn_amount'),
        'c.min_txn_amount',
        'c.max_txn_amount',
        'c.unique_payers',
        'c.unique_payees',
        'c.unique_handles',
      ]),
  )
  .promise({
    kind: 'by day',
    about: 'One row a business date: how many payments, how much money, how many people.',
    tags: ['daily'],
    grain: ['txn_date'],
    day: 'txn_date',
    columns: {
      txn_date: day('Business date, Asia/Kolkata.'),
      total_txns: count('Payments of any status.'),
      total_amount: rupees('Rupees of the payments that succeeded.'),
      success_rate: fraction('success ÷ total; null without payments.'),
      success_txns: count('Payments that succeeded.'),
      failed_txns: count('Payments FAILED, EXPIRED or DECLINED.'),
      pending_txns: count('Payments PENDING or DEEMED.'),
      avg_txn_amount: rupeesOrNull('Mean of the payments that succeeded; null without any.'),
      min_txn_amount: rupeesOrNull('Least of the payments that succeeded; null without any.'),
      max_txn_amount: rupeesOrNull('Greatest of the payments that succeeded; null without any.'),
      unique_payers: count('Different payers of all payments, by key.'),
      unique_payees: count('Different payees of all payments, by key.'),
      unique_handles: count('Different handles that payers used.'),
    },
    checks: [
      {
        name: 'no more outcomes than payments',
        holds: (of) =>
          sql`${of('success_txns')} + ${of('failed_txns')} + ${of('pending_txns')} <= ${of('total_txns')}`,
      },
      {
        name: 'least, mean and greatest in order',
        holds: (of) =>
          sql`${of('avg_txn_amount')} between ${of('min_txn_amount')} and ${of('max_txn_amount')}`,
      },
      {
        name: 'no more people than payments',
        holds: (of) =>
          sql`greatest(${of('unique_payers')}, ${of('unique_payees')}) <= ${of('total_txns')}`,
      },
      {
        name: 'money as in clean',
        columns: ['total_txns', 'total_amount'],
        totals: (db, ref) =>
          db.selectFrom(ref(clean_upi_transactions, 'c')).select(({ ref: column }) => {
            const payment = sql<boolean>`${column('c.type')} is distinct from 'REFUND'`
            const success = sql<boolean>`${column('c.status')} = 'SUCCESS'`
            return [
              countWhere(payment).as('total_txns'),
              sumWhere(column('c.amount'), payment, success).as('total_amount'),
            ]
          }),
      },
    ],
  })
