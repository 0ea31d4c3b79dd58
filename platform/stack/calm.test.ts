import { expect, test } from 'vitest'
import { Calm, TICK_MS } from './calm.ts'

let now = 0
const ticking = (calm: Calm, ms: number) => {
  const end = now + ms
  while (now < end) {
    now += TICK_MS
    expect(calm.since).toBeLessThanOrEqual(now)
  }
}

test.each([
  ['a machine that slept', 3_600_000],
  ['a supervisor that was held up', 1_600],
])('%s begins a new time', (_, ms) => {
  now = 1_000_000
  const calm = new Calm(() => now)
  ticking(calm, 60_000)
  expect(calm.since).toBe(1_000_000)
  now += ms
  expect(calm.since).toBe(now)
})

test('ticks that are a little late change nothing, the end of a part does', () => {
  now = 0
  const calm = new Calm(() => now)
  for (let tick = 0; tick < 100; tick += 1) {
    now += TICK_MS + 900
    expect(calm.since).toBe(0)
  }
  calm.beginAnew()
  expect(calm.since).toBe(now)
})
