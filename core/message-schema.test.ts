import { Ajv } from 'ajv'
import avro from 'avsc'
import { expect, test } from 'vitest'
import { MESSAGE_FIELD_NAMES } from './message.ts'
import { AVRO_SCHEMA, CLOSED_SCHEMA, READER_SCHEMA } from './message-schema.ts'

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true })
const isWritable = ajv.compile(CLOSED_SCHEMA)
const isReadable = ajv.compile(READER_SCHEMA)
const record = avro.Type.forSchema(JSON.parse(JSON.stringify(AVRO_SCHEMA)))

const REQUIRED = {
  txn_id: 'HDF5f3c1c0e9a4b4d0f8b7e2a1d3c4e5f60',
  payer: 'asha.k@okhdfcbank',
  payee: 'chaishop@ybl',
  amount: '249.50',
  status: 'SUCCESS',
  timestamp: '2026-02-01T10:30:00.123+05:30',
}

test.each([
  [{}, true, true],
  [{ amount: 249.5 }, true, true],
  [{ amount: null }, false, false],
  [{ amount: true }, false, false],
  [{ payer: undefined }, false, false],
  [{ payer: null }, false, false],
  [{ txn_id: 42 }, false, false],
  [{ rrn: null }, true, true],
  [{ rrn: '603210123456' }, true, true],
  [{ rrn: 603210123456 }, false, false],
  [{ loyalty_points: 12 }, false, true],
  [{ status: 'no such status', rrn: 'x' }, true, true],
])('%o may be written: %s, may be read: %s', (over, writable, readable) => {
  const message = { ...REQUIRED, ...over }
  expect([isWritable(message), isReadable(message)]).toEqual([writable, readable])
})

test('all three name the fields of the one source, in the order of the wire', () => {
  expect(Object.keys(CLOSED_SCHEMA.properties)).toEqual(MESSAGE_FIELD_NAMES)
  expect(Object.keys(READER_SCHEMA.properties)).toEqual(MESSAGE_FIELD_NAMES)
  expect(AVRO_SCHEMA.fields.map(({ name }) => name)).toEqual(MESSAGE_FIELD_NAMES)
})

test('Avro carries a message with its optional fields, given, null or left out', () => {
  const message = { ...REQUIRED, rrn: '603210123456', city: null }
  const read = record.fromBuffer(record.toBuffer(message))
  expect(read).toMatchObject({ ...message, mcc: null })
})

test('Avro refuses an amount that is no text: a double cannot hold every decimal', () => {
  expect(() => record.toBuffer({ ...REQUIRED, amount: 249.5 })).toThrow('invalid "string"')
})
