import { isUtf8 } from 'node:buffer'
import { MESSAGE_BYTES_MAX } from '../../core/limits.ts'
import { MESSAGE_FIELD_NAMES } from '../../core/message.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import { defineProcessor, type KafkaRecord, type Rules } from '../processor.ts'

/** The fields of a message as they stood on the wire, of whatever JSON type. */
export interface WireMessage {
  readonly fields: Readonly<Record<string, unknown>>
  /** The literal of an amount that was a JSON number: a double cannot hold every decimal. */
  readonly amountLiteral: string | undefined
  /** Kafka's time, against which the event's is judged. */
  readonly kafkaMillis: number
}

/** Confluent's frame: a zero byte and the schema id, then the body. */
const FRAME_BYTES = 5

/**
 * Turns bytes into fields.
 *
 *     value  = json | %x00 schema-id body        schema-id = 4 bytes, big-endian
 *     body   = json | avro                       json = UTF-8 text of one object
 */
export const decodeMessage = defineProcessor<KafkaRecord, WireMessage>({
  name: 'decode-message',
  summary: 'Turns bytes, plain or framed, into the fields of a message.',
  process({ value, timestampMs }, rules) {
    if (value === null || value.length === 0) return refuse('EMPTY', 'value')
    if (value.length > MESSAGE_BYTES_MAX) return refuse('TOO_LARGE', 'value')
    const body = readBody(value, rules)
    if (!body.ok) return body
    const { fields, amountLiteral, mayHoldNul } = body.value
    if (mayHoldNul && holdsNul(fields)) return refuse('NOT_UTF8', 'NUL in a field')
    return accept({ fields, amountLiteral, kafkaMillis: timestampMs })
  },
})

/** The schema id of a framed value; undefined for a plain one. */
export function schemaIdOf(value: Buffer | null): number | undefined {
  if (value === null || value.length < FRAME_BYTES || value[0] !== 0) return undefined
  return value.readUInt32BE(1)
}

interface Body extends Pick<WireMessage, 'fields' | 'amountLiteral'> {
  readonly mayHoldNul: boolean
}

function readBody(value: Buffer, rules: Rules): Result<Body> {
  if (value[0] !== 0) return readJson(value)
  const id = schemaIdOf(value)
  if (id === undefined) return refuse('NOT_JSON', 'value')
  const schema = rules.schemaOf(id)
  const body = value.subarray(FRAME_BYTES)
  switch (schema.type) {
    case 'UNKNOWN':
      return refuse('SCHEMA_UNKNOWN', `schema id ${id}`)
    case 'JSON':
      return readJson(body)
    case 'AVRO':
      return readAvro(body, id, schema.fromBuffer)
  }
}

function readAvro(body: Buffer, id: number, fromBuffer: (body: Buffer) => unknown): Result<Body> {
  let decoded: unknown
  try {
    decoded = fromBuffer(body)
  } catch {
    return refuse('SCHEMA_MISMATCH', `schema id ${id}`)
  }
  if (!isObject(decoded)) return refuse('NOT_OBJECT', 'value')
  const { amount } = decoded
  return accept({
    fields: decoded,
    amountLiteral: typeof amount === 'number' ? String(amount) : undefined,
    mayHoldNul: true,
  })
}

function readJson(bytes: Buffer): Result<Body> {
  if (!isUtf8(bytes)) return refuse('NOT_UTF8', 'value')
  const text = bytes.toString('utf8')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return refuse('NOT_JSON', 'value')
  }
  if (!isObject(parsed)) return refuse('NOT_OBJECT', 'value')
  const { amount } = parsed
  return accept({
    fields: parsed,
    amountLiteral: typeof amount === 'number' ? literalOf(amount, text) : undefined,
    // JSON has no other way to say it.
    mayHoldNul: text.includes('\\u0000'),
  })
}

// A double's shortest form equals the literal up to 15 significant digits; longer runs, and what has under- or
// overflowed, get the second look, which costs six times the parse.
const LONG_NUMBER = /[0-9.]{16,}/

function literalOf(amount: number, text: string): string {
  const isExact = amount !== 0 && Number.isFinite(amount) && !LONG_NUMBER.test(text)
  return isExact ? String(amount) : sourceOfAmount(text)
}

// No decimal: the amount rules refuse it.
const UNREADABLE = 'unreadable'

type SourceReviver = (
  this: unknown,
  key: string,
  value: unknown,
  context: { source?: string },
) => unknown

function sourceOfAmount(text: string): string {
  // The reviver sees inner objects first, so the last amount it sees directly is the message's own or a copy that
  // JSON.parse has dropped; the holder tells which.
  const sources = new Map<unknown, string>()
  const reviver: SourceReviver = function (key, value, { source }) {
    if (key === 'amount' && typeof value === 'number' && source !== undefined) {
      sources.set(this, source)
    }
    return value
  }
  try {
    const root = JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1])
    return sources.get(root) ?? UNREADABLE
  } catch {
    // Nested too deep for a reviver, which needs a stack where the parse alone does not.
    return UNREADABLE
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function holdsNul(fields: Readonly<Record<string, unknown>>): boolean {
  return MESSAGE_FIELD_NAMES.some((name) => {
    const value = fields[name]
    return typeof value === 'string' && value.includes('\0')
  })
}
