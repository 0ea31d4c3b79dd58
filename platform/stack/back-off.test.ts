import { expect, test } from 'vitest'
import { BackOff } from './back-off.ts'

test('the delay doubles from 200 ms and never exceeds 5 s', () => {
  const backOff = new BackOff()
  const delays = Array.from({ length: 8 }, () => backOff.next(0))
  expect(delays).toEqual([200, 400, 800, 1600, 3200, 5000, 5000, 5000])
})

test('ten healthy seconds reset the delay, less do not', () => {
  const backOff = new BackOff()
  backOff.next(0)
  backOff.next(0)
  expect(backOff.next(9_999)).toBe(800)
  expect(backOff.next(10_000)).toBe(200)
  expect(backOff.next(0)).toBe(400)
})
