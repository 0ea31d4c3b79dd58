import { Ajv } from 'ajv'
import { REJECT_CODES } from '../../core/errors.ts'
import { EVENT_AHEAD_MS_MAX, FIELD_CHARS_MAX, TXN_ID_CHARS_MAX } from '../../core/limits.ts'
import { type OptionalField, REQUIRED_FIELDS, type RequiredField } from '../../core/message.ts'
import { READER_SCHEMA } from '../../core/message-schema.ts'
import { parseAmount } from '../../core/money.ts'
import { accept, type Reject, type Result } from '../../core/result.ts'
import { parseStatus, type Status } from '../../core/status.ts'
import { type Micros, parseInstant } from '../../core/time.ts'
import { parseVpa, type Vpa } from '../../core/vpa.ts'
import { defineProcessor, type Rules } from '../processor.ts'
import type { WireMessage } from './decode-message.ts'

/** A message that has passed every rule: what was text is now what it means. */
export interface ValidMessage {
  readonly txnId: string
  readonly payer: Vpa
  readonly payee: Vpa
  /** Rupees with two decimals. */
  readonly amount: string
  readonly status: Status
  readonly eventTime: Micros
  readonly completedAt: Micros | null
  readonly optional: Readonly<Record<PlainField, string | null>>
  /** Optional fields that were malformed and have become null. */
  readonly warnings: readonly Reject[]
}

type PlainField = Exclude<OptionalField, 'completed_at'>

/** Applies every rule of the message contract, in its order, and gives all the reasons at once. */
export const validateMessage = defineProcessor<WireMessage, ValidMessage>({
  name: 'validate-message',
  summary: 'Applies the rules of the message contract; a message may break several.',
  process(message, rules) {
    const reasons = shapeFaults(message.fields)
    const parts = readParts(message, rules, reasons)
    if (reasons.length > 0 || parts === undefined) return { ok: false, reasons: inOrder(reasons) }
    const warnings: Reject[] = []
    return accept({
      ...parts,
      completedAt: readCompletedAt(message.fields, { rules, warnings, since: parts.eventTime }),
      optional: readOptional(message.fields, warnings),
      warnings,
    })
  },
})

type Fields = Readonly<Record<string, unknown>>

// Shape only, and from the one source of the message: types, with null for what is optional.
const hasShape = new Ajv({
  allErrors: true,
  allowUnionTypes: true,
  // 1e400 is a number to JSON, and Infinity to JavaScript: the amount rules read its literal.
  strictNumbers: false,
}).compile(READER_SCHEMA)

/** What the required fields lack in shape; optional ones of a wrong type are the warnings' business. */
function shapeFaults(fields: Fields): Reject[] {
  if (hasShape(fields)) return []
  const faults: Reject[] = []
  for (const { keyword, instancePath, params } of hasShape.errors ?? []) {
    const name = keyword === 'required' ? String(params.missingProperty) : instancePath.slice(1)
    if (!REQUIRED_FIELDS.includes(name as RequiredField)) continue
    const isMissing = fields[name] === undefined || fields[name] === null
    faults.push({ code: isMissing ? 'FIELD_MISSING' : 'FIELD_TYPE', detail: name })
  }
  return faults
}

// They are gathered field by field.
function inOrder(reasons: readonly Reject[]): Reject[] {
  return reasons.toSorted((a, b) => REJECT_CODES.indexOf(a.code) - REJECT_CODES.indexOf(b.code))
}

function readParts(message: WireMessage, rules: Rules, reasons: Reject[]) {
  const { fields } = message
  const txnId = readField(fields, 'txn_id', reasons, (text) => readTxnId(text, rules))
  const payer = readField(fields, 'payer', reasons, (text) => readVpa(text, 'payer'))
  const payee = readField(fields, 'payee', reasons, (text) => readVpa(text, 'payee'))
  const amount = readAmount(message, rules, reasons)
  const status = readField(fields, 'status', reasons, readStatus)
  const eventTime = readField(fields, 'timestamp', reasons, (text) =>
    readEventTime(text, message.kafkaMillis, rules),
  )
  if (txnId === undefined || payer === undefined || payee === undefined) return undefined
  if (amount === undefined || status === undefined || eventTime === undefined) return undefined
  return { txnId, payer, payee, amount, status, eventTime }
}

function readField<T>(
  fields: Fields,
  name: RequiredField,
  reasons: Reject[],
  read: (text: string) => Result<T>,
): T | undefined {
  const value = fields[name]
  if (typeof value !== 'string') return undefined
  const result = read(value)
  if (result.ok) return result.value
  reasons.push(...result.reasons)
  return undefined
}

const TXN_ID_LENIENT = new RegExp(`^[A-Za-z0-9_-]{1,${TXN_ID_CHARS_MAX}}$`)
const TXN_ID_NPCI = /^[A-Za-z0-9]{35}$/

function readTxnId(text: string, { txnIdProfile }: Rules): Result<string> {
  const pattern = txnIdProfile === 'npci' ? TXN_ID_NPCI : TXN_ID_LENIENT
  return pattern.test(text) ? accept(text) : fault('TXN_ID_FORMAT', 'txn_id')
}

function readVpa(text: string, name: string): Result<Vpa> {
  const vpa = parseVpa(text)
  return vpa === undefined ? fault('VPA_FORMAT', name) : accept(vpa)
}

function readStatus(text: string): Result<Status> {
  const status = parseStatus(text)
  return status === undefined ? fault('STATUS_UNKNOWN', 'status') : accept(status)
}

function readAmount(message: WireMessage, rules: Rules, reasons: Reject[]): string | undefined {
  const { amount } = message.fields
  const limitPaise = rules.amountLimitPaise
  let result: Result<string>
  if (typeof amount === 'string') result = parseAmount(amount, { grammar: 'text', limitPaise })
  else if (typeof amount === 'number') {
    result = parseAmount(message.amountLiteral ?? '', { grammar: 'number', limitPaise })
  } else return undefined
  if (result.ok) return result.value
  reasons.push(...result.reasons)
  return undefined
}

function readEventTime(text: string, kafkaMillis: number, rules: Rules): Result<Micros> {
  const instant = parseInstant(text, rules.naiveOffsetMinutes)
  if (!instant.ok) return instant
  const aheadMs = instant.value / 1000 - kafkaMillis
  if (aheadMs > EVENT_AHEAD_MS_MAX) return fault('TIMESTAMP_FUTURE', 'timestamp')
  if (-aheadMs > rules.eventAgeMsMax) return fault('TIMESTAMP_ANCIENT', 'timestamp')
  return instant
}

function fault(code: Reject['code'], detail: string): Result<never> {
  return { ok: false, reasons: [{ code, detail }] }
}

const CODE_WORD = /^[^\p{Cc}]+$/u
// The same, with a code in front of the first bar or behind the second.
const RESPONSE_CODE = /^(?=[^|]|\|[^|]*\|\s*[^|\s])[^\p{Cc}]+$/u

/** What an optional field must look like to be kept; the text to keep, or undefined. */
const OPTIONAL: Readonly<Record<PlainField, (text: string) => string | undefined>> = {
  type: oneOf('P2P', 'P2M', 'REFUND'),
  channel: oneOf('QR', 'INTENT', 'COLLECT', 'MANDATE', 'OTHER'),
  mcc: matching(/^[0-9]{4}$/),
  rrn: matching(/^[0-9]{12}$/),
  payer_bank: matching(CODE_WORD),
  payee_bank: matching(CODE_WORD),
  response_code: matching(RESPONSE_CODE),
  original_txn_id: matching(TXN_ID_LENIENT),
  device: matching(CODE_WORD),
  city: matching(CODE_WORD),
  state: matching(CODE_WORD),
}

function readOptional(fields: Fields, warnings: Reject[]): Record<PlainField, string | null> {
  const kept = {} as Record<PlainField, string | null>
  for (const name of Object.keys(OPTIONAL) as PlainField[]) {
    const value = fields[name]
    kept[name] = null
    if (value === undefined || value === null) continue
    const text = typeof value === 'string' ? OPTIONAL[name](value.trim()) : undefined
    if (text === undefined) warnings.push({ code: 'FIELD_VALUE', detail: name })
    else kept[name] = text
  }
  return kept
}

function readCompletedAt(
  fields: Fields,
  { rules, warnings, since }: { rules: Rules; warnings: Reject[]; since: Micros },
): Micros | null {
  const value = fields.completed_at
  if (value === undefined || value === null) return null
  const instant =
    typeof value === 'string' ? parseInstant(value, rules.naiveOffsetMinutes) : undefined
  if (instant?.ok && instant.value >= since) return instant.value
  warnings.push({ code: 'FIELD_VALUE', detail: 'completed_at' })
  return null
}

function oneOf(...words: string[]): (text: string) => string | undefined {
  return (text) => words.find((word) => word === text || word.toLowerCase() === text.toLowerCase())
}

function matching(pattern: RegExp): (text: string) => string | undefined {
  // Half a surrogate pair is a string to JavaScript, and no text to Postgres.
  const isText = (text: string) => text.length <= FIELD_CHARS_MAX && text.isWellFormed()
  return (text) => (isText(text) && pattern.test(text) ? text : undefined)
}
