import type { Payment } from '../../core/payment.ts'

type Field = Exclude<keyof Payment, 'txn_id' | 'business_date'>

const microsOf = (column: string) => `(extract(epoch from ${column}) * 1000000)::bigint::text`
const hexOf = (column: string) => `encode(${column}, 'hex')`

// How Postgres writes a field, where it is not text, and how this process does.
const SQL: Partial<Record<Field, (column: string) => string>> = {
  event_time: microsOf,
  completed_at: microsOf,
  payer_key: hexOf,
  payee_key: hexOf,
  latency_ms: (column) => `${column}::text`,
  amount: (column) => `${column}::text`,
}

const FIELDS: Readonly<Record<Field, true>> = {
  event_time: true,
  payer: true,
  payer_key: true,
  payer_handle: true,
  payee: true,
  payee_key: true,
  payee_handle: true,
  type: true,
  channel: true,
  mcc: true,
  payer_bank: true,
  payee_bank: true,
  rrn: true,
  device: true,
  city: true,
  state: true,
  amount: true,
  status: true,
  response_code: true,
  decline_class: true,
  completed_at: true,
  latency_ms: true,
  original_txn_id: true,
}
const NAMES = Object.keys(FIELDS) as Field[]

// Between fields, and for null.
const [UNIT, NULL] = ['\u001f', '\u001e']

/** A row of clean as one text, in SQL: cheaper to send and to compare than two dozen columns. */
export const SAID = `array_to_string(array[${NAMES.map((name) => SQL[name]?.(name) ?? name).join(', ')}], chr(31), chr(30))`

/** The same text of a payment. */
export function saidOf(payment: Payment): string {
  let text = ''
  for (const name of NAMES) {
    const value = payment[name]
    if (text !== '' || name !== NAMES[0]) text += UNIT
    if (value === null) text += NULL
    else if (Buffer.isBuffer(value)) text += value.toString('hex')
    else text += value
  }
  return text
}
