import { expect, test } from 'vitest'
import { ERRORS, type RejectCode } from '../errors.ts'
import { MESSAGE_BYTES_MAX } from '../limits.ts'
import { REQUIRED_FIELDS, type UpiMessage } from '../message.ts'
import { parseAmount } from '../money.ts'
import { parseStatus } from '../status.ts'
import { parseInstant } from '../time.ts'
import { parseVpa } from '../vpa.ts'
import { UNUSUAL_SPELLINGS, WARNINGS } from './alterations.ts'
import { encodeJson } from './encode-json.ts'
import { MALFORMATIONS, type RawValue } from './malformed.ts'

const MESSAGE: UpiMessage = {
  txn_id: 'HDF5f3c1c0e9a4b4d0f8b7e2a1d3c4e5f60',
  payer: 'asha.k@okhdfcbank',
  payee: 'chaishop@ybl',
  amount: '249.50',
  status: 'SUCCESS',
  timestamp: '2026-02-01T10:30:00.123+05:30',
  type: 'P2M',
  channel: 'QR',
  mcc: '5814',
  rrn: '603210123456',
  payer_bank: 'HDFC',
  payee_bank: 'YESB',
  response_code: '00',
  completed_at: '2026-02-01T10:30:01.480+05:30',
  original_txn_id: null,
  device: 'ANDROID',
  city: 'Pune',
  state: 'MH',
}
const NOW = Date.parse('2026-02-01T10:30:02+05:30') * 1000
const DAY_MICROS = 86_400_000_000

/** The first rule of the contract that a value breaks, by the domain's own parsers. */
function firstBroken(value: RawValue): RejectCode | undefined {
  if (value === null || value.length === 0) return 'EMPTY'
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  if (bytes.length > MESSAGE_BYTES_MAX) return 'TOO_LARGE'
  if (bytes[0] === 0) return bytes.length < 5 ? 'NOT_JSON' : 'SCHEMA_UNKNOWN'
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return 'NOT_UTF8'
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return 'NOT_JSON'
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'NOT_OBJECT'
  const fields = parsed as Record<string, unknown>
  if (Object.values(fields).some((field) => String(field).includes('\u0000'))) return 'NOT_UTF8'
  return brokenField(fields)
}

function brokenField(fields: Record<string, unknown>): RejectCode | undefined {
  if (REQUIRED_FIELDS.some((name) => (fields[name] ?? null) === null)) return 'FIELD_MISSING'
  for (const name of REQUIRED_FIELDS) {
    const isNumber = name === 'amount' && typeof fields[name] === 'number'
    if (typeof fields[name] !== 'string' && !isNumber) return 'FIELD_TYPE'
  }
  const [txnId, payer, payee, amount, status, timestamp] = REQUIRED_FIELDS.map((name) =>
    String(fields[name]),
  ) as [string, string, string, string, string, string]
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(txnId)) return 'TXN_ID_FORMAT'
  if (parseVpa(payer) === undefined || parseVpa(payee) === undefined) return 'VPA_FORMAT'
  const grammar = typeof fields.amount === 'number' ? 'number' : 'text'
  const paise = parseAmount(amount, { grammar, limitPaise: 100_000_000n })
  if (!paise.ok) return paise.reasons[0]?.code
  if (parseStatus(status) === undefined) return 'STATUS_UNKNOWN'
  const instant = parseInstant(timestamp)
  if (!instant.ok) return instant.reasons[0]?.code
  if (instant.value > NOW + 300_000_000) return 'TIMESTAMP_FUTURE'
  return instant.value < NOW - 400 * DAY_MICROS ? 'TIMESTAMP_ANCIENT' : undefined
}

test('the message that is spoiled is good', () => {
  expect(firstBroken(encodeJson(MESSAGE))).toBeUndefined()
})

test.each(MALFORMATIONS.map((malformation) => [malformation.about, malformation] as const))(
  'a message that is wrong by "%s" breaks first the rule that it is labelled with',
  (_, { code, spoil }) => {
    expect(firstBroken(spoil(MESSAGE))).toBe(code)
  },
)

test('every rule is broken by some message, but for those that no plain producer can break', () => {
  const broken = new Set(MALFORMATIONS.map((malformation) => malformation.code))
  const rules = Object.entries(ERRORS).filter(([, { kind }]) => kind === 'reject')
  const missed = rules.map(([code]) => code).filter((code) => !broken.has(code as RejectCode))
  // A mismatch needs a registered Avro schema; FIELD_VALUE only warns; INTERNAL is no producer's.
  expect(missed).toEqual(['SCHEMA_MISMATCH', 'FIELD_VALUE', 'INTERNAL'])
})

test.each([...WARNINGS, ...UNUSUAL_SPELLINGS].map((one) => [one.about, one] as const))(
  'a message with "%s" is accepted',
  (_, { alter }) => {
    expect(alter(MESSAGE)).not.toBe(encodeJson(MESSAGE))
    expect(firstBroken(alter(MESSAGE))).toBeUndefined()
  },
)

test.each(UNUSUAL_SPELLINGS.map((one) => [one.about, one] as const))(
  'a message with "%s" means the same',
  (_, { alter }) => {
    const fields = JSON.parse(alter(MESSAGE)) as UpiMessage
    expect(Number(fields.amount)).toBe(Number(MESSAGE.amount))
    expect(parseInstant(fields.timestamp)).toEqual(parseInstant(MESSAGE.timestamp))
    expect(parseVpa(fields.payer)).toEqual(parseVpa(MESSAGE.payer))
    expect(parseVpa(fields.payee)).toEqual(parseVpa(MESSAGE.payee))
    expect(parseStatus(fields.status)).toBe(MESSAGE.status)
  },
)

test('JSON has its fields in the order of the wire, whatever the order of the message', () => {
  const reversed = Object.fromEntries(Object.entries(MESSAGE).reverse()) as UpiMessage
  expect(encodeJson(reversed)).toBe(JSON.stringify(MESSAGE))
})
