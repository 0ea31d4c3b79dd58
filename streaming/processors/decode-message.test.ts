import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAmount } from '../../core/money.ts'
import { aFields, aRecord, RULES } from '../../test/fixtures/records.ts'
import type { Rules, WireSchema } from '../processor.ts'
import { decodeMessage, schemaIdOf } from './decode-message.ts'

function codes(value: unknown, rules: Rules = RULES): string {
  const result = decodeMessage.process(aRecord(value), rules)
  return result.ok ? 'ok' : result.reasons.map((reason) => reason.code).join(' ')
}

function withSchema(schema: WireSchema): Rules {
  return { ...RULES, schemaOf: () => schema }
}

function framed(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 0, 9]), body])
}

test.each([
  ['a null value', null, 'EMPTY'],
  ['no bytes', Buffer.alloc(0), 'EMPTY'],
  ['64 KiB and one byte', Buffer.alloc(65_537, 0x20), 'TOO_LARGE'],
  ['an unknown schema id', framed(Buffer.from('{}')), 'SCHEMA_UNKNOWN'],
  ['a frame cut short', Buffer.from([0, 0, 0]), 'NOT_JSON'],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'NOT_UTF8'],
  ['an escaped NUL in a used field', '{"payer":"a\\u0000b@ybl"}', 'NOT_UTF8'],
  ['an escaped NUL in an unknown field', '{"note":"a\\u0000b"}', 'ok'],
  ['text that is not JSON', '{"txn_id":', 'NOT_JSON'],
  ['an array', '[]', 'NOT_OBJECT'],
  ['a null literal', 'null', 'NOT_OBJECT'],
  ['a number', '42', 'NOT_OBJECT'],
  ['a plain message', aFields(), 'ok'],
  ['an unknown extra field, which must not drop traffic', aFields({ extra: { a: 1 } }), 'ok'],
])('%s', (_, value, expected) => {
  expect(codes(value)).toBe(expected)
})

test('a framed JSON body is read like a plain one', () => {
  const rules = withSchema({ type: 'JSON' })
  expect(codes(framed(Buffer.from(JSON.stringify(aFields()))), rules)).toBe('ok')
  expect(codes(framed(Buffer.from('nope')), rules)).toBe('NOT_JSON')
})

test('an Avro body that does not decode is a mismatch', () => {
  const broken: WireSchema = {
    type: 'AVRO',
    fromBuffer: () => {
      throw new RangeError('truncated')
    },
  }
  expect(codes(framed(Buffer.from([1])), withSchema(broken))).toBe('SCHEMA_MISMATCH')
  const good: WireSchema = { type: 'AVRO', fromBuffer: () => aFields() }
  expect(codes(framed(Buffer.from([1])), withSchema(good))).toBe('ok')
})

test('the schema id is read from the frame', () => {
  expect(schemaIdOf(framed(Buffer.alloc(0)))).toBe(9)
  expect(schemaIdOf(Buffer.from('{}'))).toBeUndefined()
  expect(schemaIdOf(null)).toBeUndefined()
})

test.each([
  ['249.5', '249.5'],
  ['100.0000000000000001', '100.0000000000000001'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['1e-400', '1e-400'],
  ['1e400', '1e400'],
  ['0.00', '0.00'],
])('the literal %s of an amount survives the parse', (literal, expected) => {
  const text = `{"nested":{"amount":7},"amount":1,"more":[{"amount":8}],"amount":${literal}}`
  const result = decodeMessage.process(aRecord(text), RULES)
  expect(result.ok && result.value.amountLiteral).toBe(expected)
})

test('no bytes whatever make it throw', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 50 }).map((body) => framed(Buffer.from(body))),
    fc.json().map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(bytes, (value) => {
      expect(() => decodeMessage.process(aRecord(Buffer.from(value)), RULES)).not.toThrow()
    }),
    { numRuns: 2_000 },
  )
})

test('a NUL in a used field is found in whatever spelling JSON knows, and nothing else is taken for one', () => {
  const pieces = fc.constantFrom(
    '\\u0000',
    '\\\\u0000',
    '\\\\\\u0000',
    '\\u0001',
    '\\u00e9',
    '\\u00E9',
    '\\uD83D\\uDE00',
    '\\ud800',
    '\\u00000',
    '\\U0000',
    '\\x00',
    '\\0',
    '\0',
    'u0000',
    '\\\\',
    'a',
  )
  const text = fc.array(pieces, { maxLength: 4 }).map((each) => each.join(''))
  const isNul = (fields: Record<string, unknown>) =>
    ['payer', 'city', 'amount'].some((name) => String(fields[name]).includes('\0'))
  fc.assert(
    fc.property(
      text,
      text,
      fc.constantFrom('city', 'c\\u0069ty', 'note', 'amount'),
      (a, b, name) => {
        const json = `{"payer":"${a}","${name}":"${b}"}`
        let expected = 'NOT_JSON'
        try {
          expected = isNul(JSON.parse(json)) ? 'NOT_UTF8' : 'ok'
        } catch {}
        expect(codes(json)).toBe(expected)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('of an amount that stands twice the last literal counts, whatever the others are', () => {
  const literal = fc.oneof(
    fc.constantFrom('1', '0.10', '249.50', '1e2', '1e400', '1e-400', '-0', '100.0000000000000001'),
    fc.bigInt(0n, 10n ** 30n).map((value) => `${value}.50`),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  )
  const member = fc.oneof(
    literal.map((each) => `"amount":${each}`),
    literal.map((each) => `"amount":{"amount":${each}}`),
    literal.map((each) => `"more":[{"amount":${each}}]`),
    literal.map((each) => `"amount":"${each}"`),
  )
  fc.assert(
    fc.property(fc.array(member, { maxLength: 3 }), literal, (members, last) => {
      const text = `{${[...members, `"amount":${last}`].join(',')}}`
      const result = decodeMessage.process(aRecord(text), RULES)
      if (!result.ok) throw new Error('does not decode')
      // As text it may be another; as a number it is the same to the last digit.
      const read = result.value.amountLiteral ?? ''
      const options = { grammar: 'number', limitPaise: 10n ** 30n } as const
      expect(parseAmount(read, options)).toEqual(parseAmount(last, options))
    }),
    { numRuns: 500 },
  )
})
