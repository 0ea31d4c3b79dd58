import type { UpiMessage } from '../message.ts'

/**
 * Writes a message as JSON, its fields in the order of the wire; fields that are not set are left
 * out.
 */
export function encodeJson(message: UpiMessage): string {
  return JSON.stringify({
    txn_id: message.txn_id,
    payer: message.payer,
    payee: message.payee,
    amount: message.amount,
    status: message.status,
    timestamp: message.timestamp,
    type: message.type,
    channel: message.channel,
    mcc: message.mcc,
    rrn: message.rrn,
    payer_bank: message.payer_bank,
    payee_bank: message.payee_bank,
    response_code: message.response_code,
    completed_at: message.completed_at,
    original_txn_id: message.original_txn_id,
    device: message.device,
    city: message.city,
    state: message.state,
  } satisfies { [Field in keyof Required<UpiMessage>]: UpiMessage[Field] | undefined })
}
