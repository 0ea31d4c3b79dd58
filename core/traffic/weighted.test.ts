import { expect, test } from 'vitest'
import { Random } from './random.ts'
import { Weighted, zipf } from './weighted.ts'

function sharesOf<T>(choice: Weighted<T>, draws: number): Map<T, number> {
  const random = new Random('seed')
  const shares = new Map<T, number>()
  for (let i = 0; i < draws; i++) {
    const item = choice.draw(random)
    shares.set(item, (shares.get(item) ?? 0) + 1 / draws)
  }
  return shares
}

test('items are drawn by their weights', () => {
  const weights = { a: 1, b: 2, c: 7, d: 0 }
  const choice = new Weighted(Object.keys(weights) as ('a' | 'b' | 'c' | 'd')[], (k) => weights[k])
  const shares = sharesOf(choice, 50_000)
  expect(shares.get('a')).toBeCloseTo(0.1, 2)
  expect(shares.get('b')).toBeCloseTo(0.2, 2)
  expect(shares.get('c')).toBeCloseTo(0.7, 2)
  expect(shares.has('d')).toBe(false)
})

test('a single item is always drawn', () => {
  expect(sharesOf(new Weighted(['only'], () => 3), 100).get('only')).toBeCloseTo(1)
})

test("by Zipf's law the first rank is drawn twice as often as the second", () => {
  const shares = sharesOf(zipf(100, 1), 50_000)
  const [first = 0, second = 0, tenth = 0] = [0, 1, 9].map((rank) => shares.get(rank))
  expect(first / second).toBeCloseTo(2, 0)
  expect(first / tenth).toBeGreaterThan(8)
  expect(first / tenth).toBeLessThan(12)
})
