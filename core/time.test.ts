import fc from 'fast-check'
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

/** What a text means, by one pattern and whole numbers. */
function reference(text: string, naive?: number): number | string {
  const match =
    /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?$/.exec(
      text,
    )
  if (match === null) return 'TIMESTAMP_FORMAT'
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  const [, zoneHour = 0, zoneMinute = 0] = (/^[+-](..):?(..)?$/.exec(match[8] ?? '') ?? []).map(
    (part) => Number(part ?? 0),
  )
  const isReal = year >= 1900 && new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
  const isClock = hour <= 23 && minute <= 59 && second <= 59
  if (
    !isReal ||
    month < 1 ||
    month > 12 ||
    day < 1 ||
    !isClock ||
    zoneHour > 18 ||
    zoneMinute > 59
  ) {
    return 'TIMESTAMP_FORMAT'
  }
  const ahead = (match[8]?.startsWith('-') ? -1 : 1) * (zoneHour * 60 + zoneMinute)
  const offset = match[8] === undefined ? naive : ahead
  if (offset === undefined) return 'TIMESTAMP_NO_ZONE'
  const millis = Date.UTC(year, month - 1, day, hour, minute, second) - offset * 60_000
  const micros = BigInt(millis) * 1000n + BigInt((match[7] ?? '').slice(0, 6).padEnd(6, '0'))
  return micros <= Number.MAX_SAFE_INTEGER ? Number(micros) : 'TIMESTAMP_FORMAT'
}

const part = (length: number, max: number) =>
  fc.nat(max).map((value) => String(value).padStart(length, '0'))

const nearlyInstant = fc
  .tuple(
    fc.oneof(part(4, 9_999), fc.constantFrom('2026', '2024', '1970', '2255')),
    part(2, 13),
    part(2, 32),
    fc.constantFrom('T', 't', ' ', '_'),
    part(2, 25),
    part(2, 61),
    fc.oneof(
      fc.constant(''),
      part(2, 61).map((seconds) => `:${seconds}`),
      fc
        .tuple(part(2, 61), fc.constantFrom('.', ','), fc.bigInt(0n, 10n ** 12n))
        .map(([seconds, point, digits]) => `:${seconds}${point}${digits}`),
    ),
    fc.oneof(
      fc.constantFrom('', 'Z', 'z', '+05:30', '-00:00'),
      fc
        .tuple(fc.constantFrom('+', '-', '~'), part(2, 20), fc.constantFrom('', ':'), part(2, 61))
        .map((zone) => zone.join('')),
      part(2, 20).map((hours) => `+${hours}`),
    ),
  )
  .map(([year, month, day, between, hour, minute, rest, zone]) =>
    [`${year}-${month}-${day}`, between, `${hour}:${minute}`, rest, zone].join(''),
  )

const broken = fc
  .tuple(nearlyInstant, fc.nat(32), fc.nat(2), fc.string({ maxLength: 2 }))
  .map(([text, at, count, other]) => text.slice(0, at) + other + text.slice(at + count))

test('any text, valid, nearly valid or not at all, is read as one pattern reads it', () => {
  const naive = fc.constantFrom(undefined, 330, 0, -90)
  fc.assert(
    fc.property(fc.oneof(nearlyInstant, broken, fc.string()), naive, (text, offset) => {
      const result = parseInstant(text, offset)
      const read = result.ok ? result.value : result.reasons.map(({ code }) => code).join()
      expect(read).toBe(reference(text, offset))
    }),
    { numRuns: 3_000 },
  )
})

test('an instant is printed and read again', () => {
  const micros = fc.integer({ min: Date.UTC(1900) * 1000, max: Date.UTC(2255) * 1000 })
  fc.assert(
    fc.property(micros, (instant) => {
      expect(parseInstant(formatInstant(instant))).toEqual({ ok: true, value: instant })
    }),
  )
})
