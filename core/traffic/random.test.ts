import { expect, test } from 'vitest'
import { hashText, mixBits, Random } from './random.ts'

test('the same name and place give the same numbers', () => {
  const draws = (random: Random) => Array.from({ length: 10 }, () => random.bits())
  expect(draws(new Random('seed', 'amounts').at(7))).toEqual(
    draws(new Random('seed', 'amounts').at(7)),
  )
})

test('another name, place or seed gives other numbers', () => {
  const first = [
    new Random('seed', 'amounts').at(7),
    new Random('seed', 'amounts').at(8),
    new Random('seed', 'amounts').at(7 + 2 ** 32),
    new Random('seed', 'amounts').at(-7),
    new Random('seed', 'flow').at(7),
    new Random('tree', 'amounts').at(7),
  ].map((random) => random.bits())
  expect(new Set(first).size).toBe(first.length)
})

test('a place is reached whatever was drawn before', () => {
  const random = new Random('seed')
  const fresh = random.at(3).bits()
  for (let i = 0; i < 100; i++) random.at(2).bits()
  expect(random.at(3).bits()).toBe(fresh)
})

test('uniform draws fill the unit interval evenly, within a place and across places', () => {
  const random = new Random('seed')
  const tenths = { within: new Array<number>(10).fill(0), across: new Array<number>(10).fill(0) }
  const add = (counts: number[], draw: number) => {
    counts[Math.floor(draw * 10)] = (counts[Math.floor(draw * 10)] as number) + 1
  }
  for (let i = 0; i < 20_000; i++) add(tenths.within, random.uniform())
  for (let i = 0; i < 20_000; i++) add(tenths.across, random.at(i).uniform())
  for (const count of [...tenths.within, ...tenths.across]) {
    expect(count).toBeGreaterThan(1850)
    expect(count).toBeLessThan(2150)
  }
})

test('half of the log-normal draws are below the median, and their mean is as the law says', () => {
  const random = new Random('seed')
  const draws = Array.from({ length: 20_000 }, () => random.logNormal(100, 0.5))
  const below = draws.filter((draw) => draw < 100).length
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
  expect(below / draws.length).toBeCloseTo(0.5, 1)
  expect(mean / (100 * Math.exp(0.125))).toBeCloseTo(1, 1)
})

test('whole numbers between two bounds include both', () => {
  const random = new Random('seed')
  const seen = new Set(Array.from({ length: 200 }, () => random.between(3, 5)))
  expect([...seen].sort()).toEqual([3, 4, 5])
})

test('mixing bits sends no two of many inputs to one output', () => {
  const outputs = new Set(Array.from({ length: 50_000 }, (_, bits) => mixBits(bits)))
  expect(outputs.size).toBe(50_000)
})

test('hashes differ by text, by order and by salt', () => {
  const hashes = [hashText('ab'), hashText('ba'), hashText(''), hashText('a'), hashText('ab', 1)]
  expect(new Set(hashes).size).toBe(hashes.length)
})
