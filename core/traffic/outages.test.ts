import { expect, test } from 'vitest'
import { BANKS, type Bank } from './banks.ts'
import { istDay } from './ist-clock.ts'
import { Outages } from './outages.ts'

const FIRST_DAY = istDay(Date.parse('2026-01-01T12:00:00+05:30'))
const SBI = BANKS[0] as Bank

test('a bank has an outage on about one day of thirty', () => {
  const outages = new Outages('seed')
  let found = 0
  for (const bank of BANKS) {
    for (let day = 0; day < 100; day++) if (outages.onDay(bank, FIRST_DAY + day)) found += 1
  }
  expect(found / (BANKS.length * 100)).toBeCloseTo(1 / 30, 2)
})

test('an outage lasts from a quarter of an hour to four hours and stays within its day', () => {
  const outages = new Outages('seed')
  for (let day = FIRST_DAY; day < FIRST_DAY + 2000; day++) {
    const outage = outages.onDay(SBI, day)
    if (outage === null) continue
    expect(outage.to - outage.from).toBeGreaterThanOrEqual(15 * 60_000)
    expect(outage.to - outage.from).toBeLessThanOrEqual(240 * 60_000)
    expect(istDay(outage.from)).toBe(day)
    expect(istDay(outage.to - 1)).toBe(day)
    expect(outages.at(SBI, outage.from)).toEqual(outage)
    expect(outages.at(SBI, outage.to - 1)).toEqual(outage)
    expect(outages.at(SBI, outage.from - 1)).toBeNull()
    expect(outages.at(SBI, outage.to)).toBeNull()
  }
})

test('the order of asking changes nothing', () => {
  const days = Array.from({ length: 60 }, (_, day) => FIRST_DAY + day)
  const forwards = new Outages('seed')
  const backwards = new Outages('seed')
  const asked = days.map((day) => forwards.onDay(SBI, day))
  const reversed = days.toReversed().map((day) => backwards.onDay(SBI, day))
  expect(reversed.toReversed()).toEqual(asked)
})
