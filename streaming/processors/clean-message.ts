import type { Payment } from '../../core/payment.ts'
import { declineClassOf, innerCode } from '../../core/response-code.ts'
import { accept, type Reject } from '../../core/result.ts'
import { businessDateOf } from '../../core/time.ts'
import { isPerson, maskVpa } from '../../core/vpa.ts'
import { defineProcessor } from '../processor.ts'
import type { ValidMessage } from './validate-message.ts'

/** The row that a message means, and what had to be left out of it. */
export interface CleanMessage {
  readonly payment: Payment
  readonly warnings: readonly Reject[]
}

/** Turns a valid message into the row that it means: keyed and masked VPAs, business day, decline class, latency. */
export const cleanMessage = defineProcessor<ValidMessage, CleanMessage>({
  name: 'clean-message',
  summary: 'Gives a valid message its keys, masks, business day, decline class and latency.',
  process(message, { keyOf }) {
    const { payer, payee, optional, eventTime, completedAt } = message
    const businessDate = businessDateOf(eventTime)
    const responseCode = optional.response_code === null ? null : innerCode(optional.response_code)
    const payment: Payment = {
      txn_id: message.txnId,
      business_date: businessDate,
      event_time: eventTime,
      // In a refund the parts turn: the merchant pays, and is shown; the customer is paid, and is masked.
      payer: optional.type === 'REFUND' ? payer.text : maskVpa(payer),
      payer_key: keyOf(payer.text),
      payer_handle: payer.handle,
      payee: isPerson(payee, optional.type) ? maskVpa(payee) : payee.text,
      payee_key: keyOf(payee.text),
      payee_handle: payee.handle,
      type: optional.type,
      channel: optional.channel,
      mcc: optional.mcc,
      payer_bank: optional.payer_bank,
      payee_bank: optional.payee_bank,
      rrn: optional.rrn,
      device: optional.device,
      city: optional.city,
      state: optional.state,
      amount: message.amount,
      status: message.status,
      response_code: responseCode,
      decline_class: responseCode === null ? null : declineClassOf(responseCode, businessDate),
      completed_at: completedAt,
      latency_ms: completedAt === null ? null : Math.floor((completedAt - eventTime) / 1000),
      original_txn_id: optional.original_txn_id,
    }
    return accept({ payment, warnings: message.warnings })
  },
})
