import type { RejectCode } from '../errors.ts'
import { MESSAGE_BYTES_MAX, TXN_ID_CHARS_MAX, VPA_CHARS_MAX } from '../limits.ts'
import { REQUIRED_FIELDS, type UpiMessage } from '../message.ts'

/** What stands in Kafka: text is UTF-8, null is no value at all. */
export type RawValue = string | Uint8Array | null

/** One way in which a producer can get a message wrong, and the rule by which it is refused. */
export interface Malformation {
  readonly code: RejectCode
  readonly about: string
  /** Makes a good message wrong in this way, and in this way only. */
  readonly spoil: (message: UpiMessage) => RawValue
}

/**
 * Codes of values from which no id can be read; producers that write such things set no key either.
 */
export const UNREADABLE: ReadonlySet<RejectCode> = new Set<RejectCode>([
  'EMPTY',
  'SCHEMA_UNKNOWN',
  'NOT_UTF8',
  'NOT_JSON',
  'NOT_OBJECT',
])

/**
 * Every kind of fault in the order of the rules, under the default settings of amount limit, id
 * profile, zone and age. SCHEMA_MISMATCH is left out, since it needs the id of a schema that is
 * registered.
 */
export const MALFORMATIONS: readonly Malformation[] = [
  malformed('EMPTY', 'null', () => null),
  malformed('EMPTY', 'zero length', () => ''),
  malformed('TOO_LARGE', 'padded', (m) => having(m, 'note', 'x'.repeat(MESSAGE_BYTES_MAX))),
  malformed('SCHEMA_UNKNOWN', 'framed with an id that no one has', (m) => framed(json(m))),
  malformed('NOT_UTF8', 'a stray byte', (m) => withByte(m, 0xff)),
  malformed('NOT_UTF8', 'half a character', (m) => withByte(m, 0xc3)),
  malformed('NOT_UTF8', 'NUL in a name', (m) => having(m, 'city', 'Pu\u0000ne')),
  malformed('NOT_UTF8', 'NUL in an id', (m) => having(m, 'txn_id', `${m.txn_id.slice(1)}\u0000`)),

  malformed('NOT_JSON', 'cut off', (m) => json(m).slice(0, 120)),
  malformed('NOT_JSON', 'plain text', () => 'PING'),
  malformed('NOT_JSON', 'single quotes', (m) => json(m).replaceAll('"', "'")),
  malformed('NOT_JSON', 'comma at the end', (m) => `${json(m).slice(0, -1)},}`),
  malformed('NOT_JSON', 'two objects', (m) => json(m) + json(m)),
  malformed('NOT_JSON', 'NaN', (m) => json(m).replace(`"amount":"${m.amount}"`, '"amount":NaN')),
  malformed('NOT_JSON', 'a frame without a body', () => Uint8Array.of(0, 0, 0)),
  malformed('NOT_OBJECT', 'an array', (m) => `[${json(m)}]`),
  malformed('NOT_OBJECT', 'a string', (m) => JSON.stringify(json(m))),
  malformed('NOT_OBJECT', 'a number', () => '42'),
  malformed('NOT_OBJECT', 'null in JSON', () => 'null'),
  malformed('NOT_OBJECT', 'a boolean', () => 'true'),

  ...REQUIRED_FIELDS.flatMap((field) => [
    malformed('FIELD_MISSING', `without ${field}`, (m) => having(m, field, undefined)),
    malformed('FIELD_MISSING', `${field} null`, (m) => having(m, field, null)),
  ]),
  malformed('FIELD_TYPE', 'txn_id a number', (m) => having(m, 'txn_id', 42)),
  malformed('FIELD_TYPE', 'payer an object', (m) => having(m, 'payer', { vpa: m.payer })),
  malformed('FIELD_TYPE', 'payee an array', (m) => having(m, 'payee', [m.payee])),
  malformed('FIELD_TYPE', 'amount a boolean', (m) => having(m, 'amount', true)),
  malformed('FIELD_TYPE', 'status a number', (m) => having(m, 'status', 0)),
  malformed('FIELD_TYPE', 'timestamp in milliseconds', (m) =>
    having(m, 'timestamp', Date.parse(m.timestamp)),
  ),

  malformed('TXN_ID_FORMAT', 'empty id', (m) => having(m, 'txn_id', '')),
  malformed('TXN_ID_FORMAT', 'id with a space', (m) => having(m, 'txn_id', `${m.txn_id} 1`)),
  malformed('TXN_ID_FORMAT', 'id with a sign', (m) => having(m, 'txn_id', `#${m.txn_id}`)),
  malformed('TXN_ID_FORMAT', 'id too long', (m) =>
    having(m, 'txn_id', m.txn_id.padEnd(TXN_ID_CHARS_MAX + 1, '0')),
  ),
  malformed('VPA_FORMAT', 'payer without @', (m) => having(m, 'payer', m.payer.replace('@', '.'))),
  malformed('VPA_FORMAT', 'payer with two @', (m) => having(m, 'payer', `${m.payer}@upi`)),
  malformed('VPA_FORMAT', 'payer without a local part', (m) => having(m, 'payer', '@okaxis')),
  malformed('VPA_FORMAT', 'payer of one letter', (m) => having(m, 'payer', 'a@okaxis')),
  malformed('VPA_FORMAT', 'payee with a space', (m) => having(m, 'payee', `tea ${m.payee}`)),
  malformed('VPA_FORMAT', 'payee without a handle', (m) => having(m, 'payee', 'chaishop@')),
  malformed('VPA_FORMAT', 'payee an e-mail with a dash', (m) => having(m, 'payee', 'a.b@my-shop')),
  malformed('VPA_FORMAT', 'payee too long', (m) =>
    having(m, 'payee', `${'a'.repeat(VPA_CHARS_MAX)}@upi`),
  ),

  malformed('AMOUNT_NOT_DECIMAL', 'grouped', (m) => having(m, 'amount', '1,249.50')),
  malformed('AMOUNT_NOT_DECIMAL', 'with the currency', (m) => having(m, 'amount', `₹${m.amount}`)),
  malformed('AMOUNT_NOT_DECIMAL', 'empty', (m) => having(m, 'amount', '')),
  malformed('AMOUNT_NOT_DECIMAL', 'words', (m) => having(m, 'amount', 'five hundred')),
  malformed('AMOUNT_NOT_DECIMAL', 'exponent in text', (m) => having(m, 'amount', '1e3')),
  malformed('AMOUNT_NOT_DECIMAL', 'with a plus', (m) => having(m, 'amount', `+${m.amount}`)),
  malformed('AMOUNT_NOT_DECIMAL', 'without a whole part', (m) => having(m, 'amount', '.50')),
  malformed('AMOUNT_SCALE', 'three decimals', (m) => having(m, 'amount', `${m.amount}5`)),
  malformed('AMOUNT_SCALE', 'three decimals, a number', (m) => having(m, 'amount', 249.505)),
  malformed('AMOUNT_NOT_POSITIVE', 'nothing', (m) => having(m, 'amount', '0.00')),
  malformed('AMOUNT_NOT_POSITIVE', 'negative', (m) => having(m, 'amount', `-${m.amount}`)),
  malformed('AMOUNT_NOT_POSITIVE', 'negative, a number', (m) => having(m, 'amount', -25)),
  malformed('AMOUNT_OVER_LIMIT', 'one paisa over', (m) => having(m, 'amount', '1000000.01')),
  malformed('AMOUNT_OVER_LIMIT', 'far over', (m) => having(m, 'amount', '99999999999999.00')),
  malformed('AMOUNT_OVER_LIMIT', 'far over, a number', (m) => having(m, 'amount', 5e7)),

  malformed('STATUS_UNKNOWN', 'another word', (m) => having(m, 'status', 'COMPLETED')),
  malformed('STATUS_UNKNOWN', 'a code', (m) => having(m, 'status', '00')),
  malformed('STATUS_UNKNOWN', 'empty', (m) => having(m, 'status', '')),

  malformed('TIMESTAMP_FORMAT', 'day first', (m) => having(m, 'timestamp', '01/02/2026 10:30:00')),
  malformed('TIMESTAMP_FORMAT', 'month 13', (m) => atDate(m, '2026-13-01')),
  malformed('TIMESTAMP_FORMAT', '30 February', (m) => atDate(m, '2026-02-30')),
  malformed('TIMESTAMP_FORMAT', 'hour 25', (m) =>
    having(m, 'timestamp', m.timestamp.replace(/T../, 'T25')),
  ),
  malformed('TIMESTAMP_FORMAT', 'only a date', (m) =>
    having(m, 'timestamp', m.timestamp.slice(0, 10)),
  ),
  malformed('TIMESTAMP_FORMAT', 'milliseconds in text', (m) =>
    having(m, 'timestamp', String(Date.parse(m.timestamp))),
  ),
  malformed('TIMESTAMP_NO_ZONE', 'no zone', (m) =>
    having(m, 'timestamp', m.timestamp.slice(0, 23)),
  ),
  malformed('TIMESTAMP_FUTURE', 'forty years ahead', (m) => yearsLater(m, 40)),
  malformed('TIMESTAMP_ANCIENT', 'forty years ago', (m) => yearsLater(m, -40)),
  malformed('VPA_FORMAT', 'several rules at once', (m) =>
    json({ ...m, payer: 'nobody', amount: '-5', status: 'OK', timestamp: 'today' }),
  ),
]

function malformed(
  code: RejectCode,
  about: string,
  spoil: (message: UpiMessage) => RawValue,
): Malformation {
  return { code, about, spoil }
}

function json(value: unknown): string {
  return JSON.stringify(value)
}

function having(message: UpiMessage, field: string, value: unknown): string {
  return json({ ...message, [field]: value })
}

function atDate(message: UpiMessage, date: string): string {
  return having(message, 'timestamp', date + message.timestamp.slice(10))
}

// Multiples of four years, so that 29 February stays a day; beyond any range that is generated.
function yearsLater(message: UpiMessage, years: number): string {
  const year = Number(message.timestamp.slice(0, 4)) + years
  return having(message, 'timestamp', year + message.timestamp.slice(4))
}

// The Confluent frame: a zero, then the schema's id in four bytes.
function framed(text: string): Uint8Array {
  return Uint8Array.of(0, 0x7f, 0xff, 0xff, 0xf0, ...new TextEncoder().encode(text))
}

function withByte(message: UpiMessage, byte: number): Uint8Array {
  const text = json(message)
  const bytes = new TextEncoder().encode(text)
  bytes[text.indexOf(message.payer)] = byte // All that stands before it is ASCII.
  return bytes
}
