import { expect, test } from 'vitest'
import {
  addDays,
  businessDateOf,
  formatInstant,
  isDate,
  parseInstant,
  startOfBusinessDate,
  utcDateOf,
} from './time.ts'

function read(text: string, naive?: number): string {
  const result = parseInstant(text, naive)
  return result.ok ? formatInstant(result.value) : (result.reasons[0]?.code ?? '')
}

test.each([
  ['2026-02-01T10:30:00.123+05:30', '2026-02-01T05:00:00.123000Z'],
  ['2026-02-01T10:30:00+05:30', '2026-02-01T05:00:00.000000Z'],
  ['2026-02-01T10:30+0530', '2026-02-01T05:00:00.000000Z'],
  ['2026-02-01 10:30:00Z', '2026-02-01T10:30:00.000000Z'],
  ['2026-02-01T10:30:00.1234569Z', '2026-02-01T10:30:00.123456Z'],
  ['2024-02-29T00:00:00-01', '2024-02-29T01:00:00.000000Z'],
  ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
  ['2026-02-01T10:30:00', 'TIMESTAMP_NO_ZONE'],
  ['2026-02-29T10:30:00Z', 'TIMESTAMP_FORMAT'],
  ['2026-13-01T10:30:00Z', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T24:00:00Z', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T10:30:00+99:00', 'TIMESTAMP_FORMAT'],
  ['2026-02-01', 'TIMESTAMP_FORMAT'],
  ['01/02/2026 10:30', 'TIMESTAMP_FORMAT'],
  ['1769920200', 'TIMESTAMP_FORMAT'],
  ['6490-06-15T05:15:25.494998Z', 'TIMESTAMP_FORMAT'],
  ['9999-12-31T23:59:59-05:30', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T10:30:00.Z', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T10:30:0Z', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T10:30:00+5:30', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T10:30:00+05:3', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T10:30:00+', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T10:30:00ZZ', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T10:30:00.5Z ', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T10:30,5Z', 'TIMESTAMP_FORMAT'],
  ['2026-02-01T10:30:00,5z', '2026-02-01T10:30:00.500000Z'],
  ['2026-02-01t10:30-0130', '2026-02-01T12:00:00.000000Z'],
  ['２026-02-01T10:30:00Z', 'TIMESTAMP_FORMAT'],
  ['', 'TIMESTAMP_FORMAT'],
])('%s is read as %s', (text, expected) => {
  expect(read(text)).toBe(expected)
})

test('a naive timestamp takes the zone that the settings name', () => {
  expect(read('2026-02-01T10:30:00', 330)).toBe('2026-02-01T05:00:00.000000Z')
})

test('the business day begins at IST midnight, 18:30 UTC', () => {
  expect(businessDateOf(Date.parse('2026-01-31T18:29:59.999Z') * 1000 + 999)).toBe('2026-01-31')
  expect(businessDateOf(Date.parse('2026-01-31T18:30:00.000Z') * 1000)).toBe('2026-02-01')
  expect(startOfBusinessDate('2026-02-01')).toBe(Date.parse('2026-01-31T18:30:00.000Z'))
  expect(utcDateOf(Date.parse('2026-01-31T23:59:59.999Z'))).toBe('2026-01-31')
})

test('dates step over months and leap days', () => {
  expect(addDays('2024-02-28', 1)).toBe('2024-02-29')
  expect(addDays('2026-03-01', -1)).toBe('2026-02-28')
  expect(isDate('2026-02-30')).toBe(false)
  expect(isDate('2026-02-28')).toBe(true)
  expect(isDate('2026-2-8')).toBe(false)
})
