import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MESSAGE_FIELD_NAMES } from '../core/message.ts'
import { encodeRaw } from '../platform/queries/raw.ts'
import { encodeRejected } from '../platform/queries/rejected.ts'
import { aFields, aRecord, RULES } from '../test/fixtures/records.ts'
import { groupByTransaction } from './merge-batch.ts'
import type { Rules, WireSchema } from './processor.ts'
import { runPipeline } from './run-pipeline.ts'

const AT = { topic: 'upi_transactions', epoch: 0, partition: 0 }

/** Runs a value to the rows that would be written; whatever throws on the way fails the test. */
function run(value: Buffer, schema: WireSchema = { type: 'JSON' }): string {
  const rules: Rules = { ...RULES, schemaOf: () => schema }
  const { accepted, rejected, fault } = runPipeline([aRecord(value)], rules)
  expect(fault).toBeUndefined()
  expect(accepted.length + rejected.length).toBe(1)
  encodeRaw(AT, [...accepted, ...rejected])
  encodeRejected(AT, rejected)
  groupByTransaction(accepted)
  return rejected[0]?.reasons[0]?.code ?? 'accepted'
}

const framed = (body: Uint8Array) => Buffer.concat([Buffer.from([0, 0, 0, 0, 9]), body])

// Unlike fast-check's own, these are spelled as JSON may spell them, and break in its places.
const oddJson = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '"\\ud800"',
    '"\\u0000"',
    '"\\u0130"',
    '"ſuccess"',
    '1e400',
    '-1e-400',
    '9'.repeat(5_000),
    `0.${'0'.repeat(5_000)}1`,
    '['.repeat(30_000),
    `${'[{"a":'.repeat(5_000)}1${'}]'.repeat(5_000)}`,
    '"9999-12-31T23:59:59+18:59"',
    '"0000-00-00T00:00Z"',
    'null',
    '',
  ),
)

const oddMessage = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...MESSAGE_FIELD_NAMES, '__proto__', 'note'), oddJson),
    fc.boolean(),
  )
  .map(([odd, isFilled]) => {
    const fields = Object.entries(isFilled ? aFields() : {})
    const members = fields.map(([name, value]) => [name, JSON.stringify(value)])
    const all = [...members, ...Object.entries(odd)]
    return Buffer.from(`{${all.map(([name, json]) => `"${name}":${json}`).join(',')}}`)
  })

const cut = fc
  .tuple(oddMessage, fc.nat(400), fc.uint8Array({ maxLength: 3 }))
  .map(([bytes, at, other]) => Buffer.concat([bytes.subarray(0, at), other]))

const anyBytes = fc.oneof(
  oddMessage,
  cut,
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
)

test('no bytes whatever make a processor or an encoder throw, plain or framed', () => {
  fc.assert(
    fc.property(anyBytes, fc.boolean(), (bytes, isFramed) => {
      run(isFramed ? framed(bytes) : bytes)
    }),
    { numRuns: 1_000 },
  )
})

test('nor does whatever an Avro schema makes of them', () => {
  const anything = fc.oneof(
    fc.anything(),
    fc.dictionary(fc.constantFrom(...MESSAGE_FIELD_NAMES), fc.anything()),
  )
  fc.assert(
    fc.property(anything, (decoded) => {
      run(framed(Buffer.from([1])), { type: 'AVRO', fromBuffer: () => decoded })
    }),
    { numRuns: 500 },
  )
})

test('what is odd in an optional field costs the field, in a required one the message', () => {
  const run1 = (over: string) => {
    const text = JSON.stringify(aFields())
    return run(Buffer.from(`${text.slice(0, -1)},${over}}`))
  }
  expect(run1('"city":"\\ud800"')).toBe('accepted')
  expect(run1('"city":1e400')).toBe('accepted')
  expect(run1('"rrn":"１２３４５６７８９０１２"')).toBe('accepted')
  expect(run1('"city":"\\u0000"')).toBe('NOT_UTF8')
  expect(run1('"txn_id":"\\ud800"')).toBe('TXN_ID_FORMAT')
  expect(run1('"status":"ſuccess"')).toBe('STATUS_UNKNOWN')
  expect(run1('"amount":1e400')).toBe('AMOUNT_OVER_LIMIT')
  expect(run1(`"note":${'['.repeat(20_000)}${']'.repeat(20_000)}`)).toBe('accepted')
})
