import { expect, test } from 'vitest'
import { businessDateAt, dayThatEnded } from './business-day.ts'

const CASES: readonly (readonly [instant: string, today: string, ended: string])[] = [
  ['2026-02-01T18:29:59.999Z', '2026-02-01', '2026-01-31'],
  ['2026-02-01T18:30:00Z', '2026-02-02', '2026-02-01'],
  // When the daily schedule is due: five past midnight in India.
  ['2026-02-01T18:35:00Z', '2026-02-02', '2026-02-01'],
  ['2026-02-28T23:59:00Z', '2026-03-01', '2026-02-28'],
]

test.each(CASES)('at %s it is %s in India, and %s has ended', (instant, today, ended) => {
  expect(businessDateAt(Date.parse(instant))).toBe(today)
  expect(dayThatEnded(Date.parse(instant))).toBe(ended)
})
