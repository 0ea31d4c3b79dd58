import { sql } from 'kysely'
import { count, day, label } from '../columns.ts'
import { nullable, oneOf } from '../engine/column.ts'
import { model } from '../engine/define-model.ts'
import { orEmpty } from '../expressions.ts'
import { clean_upi_transactions } from '../sources.ts'
import { stg_upi_transactions } from '../staging/stg_upi_transactions.ts'

export const decline_upi_summary = model('decline_upi_summary')
  .select((db, ref) =>
    db
      .selectFrom(ref(stg_upi_transactions, 't'))
      .where('t.is_payment', '=', sql.lit(true))
      .where(({ ref: column }) => {
        const isClassed = sql<boolean>`${column('t.decline_class')} is not null`
        return sql<boolean>`(${column('t.is_failed')} or ${isClassed})`
      })
      .select('t.txn_date as date')
      .select(({ ref: column, fn }) => [
        orEmpty(column('t.response_code')).as('response_code'),
        fn.max<'TD' | 'BD' | null>('t.decline_class').as('class'),
        fn.countAll<string>().as('txns'),
      ])
      .groupBy(({ ref: column }) => [column('t.txn_date'), orEmpty(column('t.response_code'))]),
  )
  .promise({
    kind: 'by day',
    about:
      'One row a business date and response code of payments that failed, or whose code is of a class. No refunds.',
    tags: ['daily', 'decline'],
    grain: ['date', 'response_code'],
    day: 'date',
    columns: {
      date: day('Business date, Asia/Kolkata.'),
      response_code: label(
        "NPCI or bank response code, unwrapped; '' if the payment carries none.",
      ),
      class: nullable(
        'text',
        'TD, technical, or BD, business; null for a code that the table of codes does not class.',
        oneOf('TD', 'BD'),
      ),
      txns: count(
        'Payments. Those of a class are td_txns and bd_txns of the day, DEEMED ones too.',
      ),
    },
    checks: [
      {
        name: 'a class follows from a code',
        holds: (of) => sql`${of('class')} is null or ${of('response_code')} <> ''`,
      },
      {
        // Not with the day's td_txns and bd_txns: a code that was classed anew is so in part until a rebuild.
        name: 'as many as in clean',
        columns: ['txns'],
        totals: (db, ref) =>
          db
            .selectFrom(ref(clean_upi_transactions, 'c'))
            .where(sql<boolean>`c.type is distinct from 'REFUND'`)
            .where((is) =>
              is.or([
                is('c.decline_class', 'is not', null),
                is('c.status', 'in', ['FAILED', 'EXPIRED', 'DECLINED']),
              ]),
            )
            .select(({ fn }) => fn.countAll<string>().as('txns')),
      },
    ],
  })
