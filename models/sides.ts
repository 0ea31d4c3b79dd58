import { sql } from 'kysely'
import { agrees } from './agreement.ts'
import { count, fraction } from './columns.ts'
import { column, oneOf } from './engine/column.ts'
import type { PromisedCheck } from './engine/define-model.ts'
import { daily_upi_summary } from './marts/daily_upi_summary.ts'

/** Which party of a payment. */
export const SIDE = column('text', 'payer or payee.', oneOf('payer', 'payee'))

/** The figures of one party, as NPCI publishes them. */
export const SIDE_FIGURES = {
  txns: count('Payments of any status.'),
  approved: count('Payments that succeeded.'),
  td: count('Payments with a code of a technical decline.'),
  bd: count('Payments with a code of a business decline.'),
  reversals: count('Payments REVERSED.'),
  approved_rate: fraction('approved ÷ txns.'),
  td_rate: fraction('td ÷ txns.'),
  bd_rate: fraction('bd ÷ txns.'),
}

/** What holds of them: each payment has two sides. */
export const SIDE_CHECKS: readonly PromisedCheck<Record<keyof typeof SIDE_FIGURES, unknown>>[] = [
  {
    name: 'no more of a class than payments',
    holds: (of) => sql`${of('td')} + ${of('bd')} <= ${of('txns')}`,
  },
  agrees(
    daily_upi_summary,
    {
      txns: 'total_txns',
      approved: 'success_txns',
      td: 'td_txns',
      bd: 'bd_txns',
      reversals: 'reversed_txns',
    },
    { times: 2 },
  ),
]
