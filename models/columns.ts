import { type RawBuilder, sql } from 'kysely'
import { atLeast, between, column, nullable } from './engine/column.ts'

/** How many. */
export const count = (about: string) => column('bigint', about, atLeast(0))

/** Rupees, two decimals. A feast day of all of UPI passes 10¹². */
export const rupees = (about: string) => column('numeric(38,2)', about, atLeast(0))

/** Rupees that may lie below nothing. */
export const balance = (about: string) => column('numeric(38,2)', about)

/** Rupees, or null of nothing. */
export const rupeesOrNull = (about: string) => nullable('numeric(38,2)', about, atLeast(0))

/** A share as a fraction from 0 to 1; null of nothing. */
export const fraction = (about: string) => nullable('numeric(7,6)', about, between(0, 1))

/** Milliseconds; null of nothing. */
export const millis = (about: string) => nullable('bigint', about, atLeast(0))

/** A business date, Asia/Kolkata. */
export const day = (about: string) => column('date', about)

/** A name or a code; where the payment carries none it is ''. */
export const label = (about: string, ...checks: Parameters<typeof column>[2][]) =>
  column('text', about, ...checks)

/** Payments by outcome, of whatever a row stands for. */
export const OUTCOMES = {
  total_txns: count('Payments of any status: success + failed + pending + reversed.'),
  success_txns: count('Payments that succeeded.'),
  failed_txns: count('Payments FAILED, EXPIRED or DECLINED.'),
  pending_txns: count('Payments PENDING or DEEMED.'),
  reversed_txns: count('Payments REVERSED.'),
}

/** Every payment has one outcome. */
export const outcomesAddUp = {
  name: 'outcomes add up',
  holds: (of: (column: keyof typeof OUTCOMES) => RawBuilder<string>) =>
    sql<boolean>`${of('total_txns')} = ${of('success_txns')} + ${of('failed_txns')}
      + ${of('pending_txns')} + ${of('reversed_txns')}`,
}
