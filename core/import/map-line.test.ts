import { expect, test } from 'vitest'
import { createMapper, usedColumns } from './map-line.ts'
import type { Mapping } from './mapping.ts'

const COLUMNS = ['id', 'from', 'to', 'amt', 'st', 'at', 'mcc', 'done']
const MAPPING: Mapping = {
  zone: 'IST',
  fields: {
    txn_id: { column: 'id' },
    payer: { column: 'from' },
    payee: { column: 'to' },
    amount: { column: 'amt', unit: 'paise' },
    status: { column: 'st', words: { ok: 'SUCCESS', Nope: 'DECLINED' } },
    timestamp: { column: 'at', format: 'DD-MM-YYYY HH:mm:ss' },
    mcc: { column: 'mcc' },
    completed_at: { column: 'done', format: 'DD-MM-YYYY HH:mm:ss' },
    type: { value: 'P2M' },
  },
}
const ROW = ['T1', ' a@ybl ', 'b@ybl', '24950', 'OK', '01-02-2026 10:30:00', 'NULL', '']

const map = (cells: (string | undefined)[], mapping = MAPPING) =>
  createMapper(mapping, COLUMNS).map(cells)

test('cells become a message; what is empty or NULL is left out', () => {
  expect(map(ROW)).toEqual({
    ok: true,
    value: {
      txn_id: 'T1',
      payer: 'a@ybl',
      payee: 'b@ybl',
      amount: '249.50',
      status: 'SUCCESS',
      timestamp: '2026-02-01T10:30:00+05:30',
      type: 'P2M',
    },
  })
})

test('every reason is given, with field and column and without the value', () => {
  expect(map(['T1', undefined, 'b@ybl', '5.5', 'hm', 'Monday', '', ''])).toEqual({
    ok: false,
    reasons: [
      { code: 'FIELD_MISSING', detail: 'payer (column from)' },
      { code: 'AMOUNT_NOT_DECIMAL', detail: 'amount (column amt)' },
      { code: 'STATUS_UNKNOWN', detail: 'status (column st)' },
      { code: 'TIMESTAMP_FORMAT', detail: 'timestamp (column at)' },
    ],
  })
})

test('an optional instant that cannot be read goes on as it is, for the rules to count', () => {
  const result = map(ROW.with(7, 'later'))
  expect(result).toMatchObject({ ok: true, value: { completed_at: 'later' } })
})

test('a date and its time are joined, and other words may stand for nothing', () => {
  const mapping: Mapping = {
    ...MAPPING,
    nulls: ['-'],
    fields: {
      ...MAPPING.fields,
      timestamp: { column: ['at', 'done'], format: 'DD-MM-YYYY HH:mm' },
      completed_at: null,
    },
  }
  const result = map(['T1', 'a@ybl', 'b@ybl', '5', 'S', '01-02-2026', '-', '10:30'], mapping)
  expect(result).toMatchObject({ ok: true, value: { timestamp: '2026-02-01T10:30:00+05:30' } })
  expect(result).not.toHaveProperty('value.mcc')
  expect(usedColumns(mapping)).toEqual(['id', 'from', 'to', 'amt', 'st', 'at', 'done', 'mcc'])
})
