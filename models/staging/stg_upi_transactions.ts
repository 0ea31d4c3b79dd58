import { sql } from 'kysely'
import { STATUSES } from '../../core/status.ts'
import { column, nullable, oneOf } from '../engine/column.ts'
import { model } from '../engine/define-model.ts'
import { clean_upi_transactions } from '../sources.ts'

export const stg_upi_transactions = model('stg_upi_transactions')
  .select((db, ref) =>
    db
      .selectFrom(ref(clean_upi_transactions, 'c'))
      .select([
        'c.txn_id',
        'c.business_date as txn_date',
        'c.event_time',
        'c.completed_at',
        'c.status',
        'c.amount',
        'c.latency_ms',
        'c.response_code',
        'c.decline_class',
        'c.type',
        'c.channel',
        'c.mcc',
        'c.payer_key',
        'c.payer_handle',
        'c.payer_bank',
        'c.payee_key',
        'c.payee_handle',
        'c.payee_bank',
        'c.original_txn_id',
      ])
      .select(({ ref: column }) => {
        const [status, type] = [column('c.status'), column('c.type')]
        const [payer, payee] = [column('c.payer'), column('c.payee')]
        return [
          sql<boolean>`${type} is distinct from 'REFUND'`.as('is_payment'),
          sql<boolean>`${status} = 'SUCCESS'`.as('is_success'),
          sql<boolean>`${status} in ('FAILED', 'EXPIRED', 'DECLINED')`.as('is_failed'),
          sql<boolean>`${status} in ('PENDING', 'DEEMED')`.as('is_pending'),
          sql<boolean>`${status} = 'REVERSED'`.as('is_reversed'),
          sql<boolean>`${status} not in ('PENDING', 'DEEMED')`.as('is_terminal'),
          // A person is masked with stars, which no VPA holds; in a refund the merchant pays.
          sql<string | null>`case when ${type} = 'REFUND' then ${payer}
            when strpos(${payee}, '*') = 0 then ${payee} end`.as('merchant'),
        ]
      }),
  )
  .promise({
    kind: 'view',
    about: 'One row a transaction: clean with its status as questions, and the merchant named.',
    grain: ['txn_id'],
    day: 'txn_date',
    columns: {
      txn_id: column('text', 'Id of the transaction.'),
      txn_date: column('date', 'Business date: the day of the payment in Asia/Kolkata.'),
      event_time: column('timestamptz', 'When the payment was initiated.'),
      completed_at: nullable('timestamptz', 'When its status became final.'),
      status: column('text', 'The greatest status seen.', oneOf(...STATUSES)),
      amount: column('numeric(14,2)', 'Rupees.'),
      latency_ms: nullable('bigint', 'From initiation to completion.'),
      response_code: nullable('text', 'NPCI or bank response code, unwrapped.'),
      decline_class: nullable('text', 'TD, technical, or BD, business.', oneOf('TD', 'BD')),
      type: nullable('text', 'P2P, P2M, REFUND or unknown.', oneOf('P2P', 'P2M', 'REFUND')),
      channel: nullable(
        'text',
        'QR, INTENT, COLLECT, MANDATE, OTHER or unknown.',
        oneOf('QR', 'INTENT', 'COLLECT', 'MANDATE', 'OTHER'),
      ),
      mcc: nullable('text', 'Merchant category code.'),
      payer_key: column('bytea', 'Token of the payer.'),
      payer_handle: column('text', 'Handle of the payer.'),
      payer_bank: nullable('text', 'Bank that is debited.'),
      payee_key: column('bytea', 'Token of the payee.'),
      payee_handle: column('text', 'Handle of the payee.'),
      payee_bank: nullable('text', 'Bank that is credited.'),
      original_txn_id: nullable('text', 'For a refund: the payment that is refunded.'),
      is_payment: column('boolean', 'Not a refund.'),
      is_success: column('boolean', 'SUCCESS.'),
      is_failed: column('boolean', 'FAILED, EXPIRED or DECLINED.'),
      is_pending: column('boolean', 'PENDING or DEEMED.'),
      is_reversed: column('boolean', 'REVERSED.'),
      is_terminal: column('boolean', 'No longer pending.'),
      merchant: nullable('text', 'VPA of the merchant; null between persons.'),
    },
  })
