import { expect, test } from 'vitest'
import { businessDateOf, parseInstant, startOfBusinessDate } from '../time.ts'
import { IstClock, istDay, istDayStart, istHalfHour } from './ist-clock.ts'

const INSTANTS = [
  0,
  Date.parse('2026-01-31T18:29:59.999Z'),
  Date.parse('2026-01-31T18:30:00.000Z'),
  Date.parse('2026-02-01T05:00:00.123Z'),
  Date.parse('2028-02-29T00:00:00.007Z'),
  Date.parse('2025-12-31T18:31:00.070Z'),
]

test('a timestamp reads back as the instant that it was', () => {
  const clock = new IstClock()
  for (const instant of INSTANTS) {
    const text = clock.timestamp(instant)
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30$/)
    expect(parseInstant(text)).toEqual({ ok: true, value: instant * 1000 })
    expect(text.slice(0, 10)).toBe(businessDateOf(instant * 1000))
  }
})

test('days begin at midnight in India', () => {
  for (const instant of INSTANTS) {
    const date = businessDateOf(instant * 1000)
    expect(istDayStart(istDay(instant))).toBe(startOfBusinessDate(date))
  }
})

test('half hours are those of India', () => {
  expect(istHalfHour(Date.parse('2026-02-01T00:00:00+05:30'))).toBe(0)
  expect(istHalfHour(Date.parse('2026-02-01T10:29:59+05:30'))).toBe(20)
  expect(istHalfHour(Date.parse('2026-02-01T23:30:00+05:30'))).toBe(47)
})

test('a reference number begins with last digit of the year, day of the year and hour', () => {
  const clock = new IstClock()
  expect(clock.yearDayHour(Date.parse('2026-02-01T10:30:00+05:30'))).toBe('603210')
  expect(clock.yearDayHour(Date.parse('2026-01-01T00:00:00+05:30'))).toBe('600100')
  expect(clock.yearDayHour(Date.parse('2028-12-31T23:59:59+05:30'))).toBe('836623')
})
