import { expect, test } from 'vitest'
import { breakingChanges } from './schema-change.ts'

interface Column {
  readonly type: string | string[]
  readonly required?: boolean
}

function json(columns: Record<string, Column>) {
  return {
    type: 'object',
    required: Object.keys(columns).filter((name) => columns[name]?.required),
    properties: Object.fromEntries(
      Object.entries(columns).map(([name, { type }]) => [name, { type }]),
    ),
  }
}

function avro(columns: Record<string, Column>) {
  const fields = Object.entries(columns).map(([name, { type, required }]) =>
    required ? { name, type } : { name, type, default: null },
  )
  return { type: 'record', name: 'Payment', fields }
}

const ID = { type: 'string', required: true }
const CITY = { type: ['string', 'null'] }

test.each([
  ['an optional field is added', { id: ID, city: CITY, zip: CITY }, [], []],
  [
    'a required field is added',
    { id: ID, city: CITY, zip: ID },
    ['zip is new and required'],
    ['zip is new and required'],
  ],
  ['a required field is removed', { city: CITY }, ['id is removed'], ['id is removed']],
  ['an optional field is removed', { id: ID }, ['city is removed'], []],
  [
    'a type is narrowed',
    { id: ID, city: { type: 'string' } },
    ['city was null or string and is string'],
    ['city was null or string and is string'],
  ],
  [
    'a type is widened',
    { id: { type: ['string', 'number'], required: true }, city: CITY },
    [],
    ['id was string and is number or string'],
  ],
  [
    'an optional field becomes required',
    { id: ID, city: { ...CITY, required: true } },
    ['city becomes required'],
    ['city becomes required'],
  ],
])('%s', (_, after, inJson, inAvro) => {
  const before = { id: ID, city: CITY }
  expect(breakingChanges(json(before), json(after))).toEqual(inJson)
  expect(breakingChanges(avro(before), avro(after))).toEqual(inAvro)
})

test('what is no schema of fields has no changes to name', () => {
  expect(breakingChanges({ type: 'string' }, { $ref: '#/x' })).toEqual([])
})
