import { expect, test } from 'vitest'
import { type Arrivals, arrivalsAtRate, arrivalsInRange } from './arrivals.ts'
import { istHalfHour } from './ist-clock.ts'
import { HALF_HOUR_WEIGHTS } from './profile.ts'
import { Random } from './random.ts'

const MONDAY = Date.parse('2026-02-02T00:00:00+05:30')
const DAY_MS = 86_400_000

function all(arrivals: Arrivals): number[] {
  const instants: number[] = []
  for (let at = arrivals(); at !== undefined; at = arrivals()) instants.push(at)
  return instants
}

test('a range holds as many arrivals as asked for, in order, none outside', () => {
  for (const [from, to] of [
    [MONDAY, MONDAY + 7 * DAY_MS],
    [MONDAY + 12_345, MONDAY + 12_399],
    [MONDAY + 35_999_999, MONDAY + 36_000_001],
  ] as const) {
    const instants = all(arrivalsInRange({ from, to, count: 500 }, new Random('seed')))
    expect(instants).toHaveLength(500)
    expect(instants).toEqual(instants.toSorted((a, b) => a - b))
    expect(instants[0]).toBeGreaterThanOrEqual(from)
    expect(instants[499]).toBeLessThan(to)
  }
})

test('a day follows the profile: every half hour has its share', () => {
  const range = { from: MONDAY, to: MONDAY + DAY_MS, count: 50_000 }
  const counts = new Array<number>(48).fill(0)
  for (const instant of all(arrivalsInRange(range, new Random('seed')))) {
    const slot = istHalfHour(instant)
    counts[slot] = (counts[slot] as number) + 1
  }
  const total = HALF_HOUR_WEIGHTS.reduce((sum, weight) => sum + weight, 0)
  counts.forEach((count, slot) => {
    expect(count / 50_000).toBeCloseTo((HALF_HOUR_WEIGHTS[slot] as number) / total, 3)
  })
})

test('the peaks are 10:00 to 13:00 and 17:00 to 21:30, as NPCI names them', () => {
  const isPeak = (slot: number) => (slot >= 20 && slot < 26) || (slot >= 34 && slot < 43)
  const peaks = HALF_HOUR_WEIGHTS.filter((_, slot) => isPeak(slot))
  const others = HALF_HOUR_WEIGHTS.filter((_, slot) => !isPeak(slot))
  expect(Math.min(...peaks)).toBeGreaterThan(Math.max(...others))
})

test('Saturday has more than Sunday', () => {
  const range = { from: MONDAY, to: MONDAY + 7 * DAY_MS, count: 50_000 }
  const instants = all(arrivalsInRange(range, new Random('seed')))
  const on = (day: number) =>
    instants.filter((at) => Math.floor((at - MONDAY) / DAY_MS) === day).length
  expect(on(5) / on(6)).toBeCloseTo(1.07 / 0.96, 2)
})

test('at a rate each second has its number, whatever the hour', () => {
  const live = { from: MONDAY, ratePerSecond: 20, count: 200 }
  const instants = all(arrivalsAtRate(live, new Random('seed')))
  for (let second = 0; second < 10; second++) {
    const within = instants.filter((at) => Math.floor((at - MONDAY) / 1000) === second)
    expect(within).toHaveLength(20)
  }
})
