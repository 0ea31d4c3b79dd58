import type { UpiMessage } from '../core/message.ts'

let made = 0

/** A message that every rule accepts: a small payment to a shop. Override what matters to the test. */
export function aMessage(fields: Partial<UpiMessage> = {}): UpiMessage {
  made += 1
  return {
    txn_id: `TEST${process.pid}${String(made).padStart(12, '0')}`,
    payer: 'asha.k@okhdfcbank',
    payee: 'chaishop@ybl',
    amount: '249.50',
    status: 'SUCCESS',
    timestamp: new Date(Date.now() - 60_000).toISOString(),
    type: 'P2M',
    channel: 'QR',
    mcc: '5814',
    rrn: '603210123456',
    payer_bank: 'HDFC',
    payee_bank: 'YESB',
    response_code: '00',
    completed_at: null,
    original_txn_id: null,
    device: 'ANDROID',
    city: 'Pune',
    state: 'MH',
    ...fields,
  }
}
