import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

test('it follows the wall clock without drift, whatever the ticks', () => {
  const pace = new Pace(1000)
  expect([1020, 1041, 1060, 1119].map((now) => pace.advance(now))).toEqual([1020, 1041, 1060, 1119])
  expect(pace.behindMs).toBe(0)
})

test('after a pause it catches up at twice the pace, and no faster', () => {
  const pace = new Pace(0)
  const instants = Array.from({ length: 60 }, (_, tick) => pace.advance(5_000 + tick * 100))
  expect(instants.slice(0, 3)).toEqual([200, 400, 600])
  expect(instants.at(-1)).toBe(5_000 + 59 * 100)
  const steps = instants.slice(1).map((instant, i) => instant - (instants[i] as number))
  expect(Math.max(...steps)).toBe(200)
})

test('it does not run ahead when the wall clock is set back', () => {
  const pace = new Pace(10_000)
  expect(pace.advance(4_000)).toBe(4_000)
  expect(pace.advance(4_020)).toBe(4_020)
})

test('it knows how far traffic is behind that cannot keep up', () => {
  const pace = new Pace(0)
  pace.advance(100)
  pace.holdAt(30)
  expect(pace.behindMs).toBe(70)
  expect(pace.advance(140)).toBe(110)
})
