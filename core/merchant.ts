import type { Payment } from './payment.ts'

/** The merchant in whose figures a row counts: who is paid or, in a refund, who pays; null between persons. */
export function merchantOf({
  type,
  payer,
  payee,
}: Pick<Payment, 'type' | 'payer' | 'payee'>): string | null {
  if (type === 'REFUND') return payer
  // A person is masked with stars, which no VPA holds.
  return payee.includes('*') ? null : payee
}
