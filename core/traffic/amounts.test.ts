import { expect, test } from 'vitest'
import { parseAmount } from '../money.ts'
import { type AmountHabit, drawPaise, PERSON_HABIT, rupeesOf } from './amounts.ts'
import { CATEGORIES, LIMIT_RUPEES } from './categories.ts'
import { Random } from './random.ts'

function meanRupees(habit: AmountHabit, draws: number): number {
  const random = new Random('seed')
  let sum = 0
  for (let i = 0; i < draws; i++) sum += drawPaise(habit, random)
  return sum / draws / 100
}

test('paise are written as rupees with two decimals, exactly', () => {
  const limitPaise = 100_000_000n
  for (const paise of [100, 101, 110, 199, 24_950, 100_000, 9_999_999, 50_000_000]) {
    const text = rupeesOf(paise)
    expect(parseAmount(text, { grammar: 'text', limitPaise })).toEqual({ ok: true, value: text })
    expect(BigInt(text.replace('.', ''))).toBe(BigInt(paise))
  }
})

test('people send ₹2,541 on average', () => {
  expect(meanRupees(PERSON_HABIT, 60_000) / 2541).toBeCloseTo(1, 1)
})

test('the categories are 100 per cent of payments to merchants, of ₹584 on average', () => {
  const shares = CATEGORIES.items.map((category) => category.share)
  const tickets = CATEGORIES.items.map(({ share, ticketRupees }) => (share / 100) * ticketRupees)
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 6)
  expect(tickets.reduce((sum, ticket) => sum + ticket, 0) / 584).toBeCloseTo(1, 2)
})

test('a category keeps to its ticket', () => {
  for (const category of CATEGORIES.items.slice(0, 6)) {
    expect(meanRupees(category, 10_000) / category.ticketRupees).toBeCloseTo(1, 1)
  }
})

test('no amount is below one rupee or above the limit of its category', () => {
  const random = new Random('seed')
  for (const habit of [PERSON_HABIT, ...CATEGORIES.items]) {
    const wide = { ...habit, sigma: 2.5 }
    const limit = habit.limitRupees * 100
    const draws = Array.from({ length: 500 }, () => drawPaise(wide, random))
    const others = draws.filter((p) => !Number.isSafeInteger(p) || p < 100 || p > limit)
    expect(others).toEqual([])
  }
})

test('only the listed categories may go above one lakh', () => {
  const enhanced = CATEGORIES.items.filter((category) => category.limitRupees > LIMIT_RUPEES)
  expect(enhanced.map((category) => category.mcc)).toEqual(
    '4722 4511 7322 6012 6211 6300 9311 8062 8220 8211 5944'.split(' '),
  )
})

test('most small amounts of a tea stall are multiples of five rupees', () => {
  const stall = CATEGORIES.items.find((category) => category.mcc === '5814') as AmountHabit
  const random = new Random('seed')
  const draws = Array.from({ length: 5000 }, () => drawPaise(stall, random))
  expect(draws.filter((paise) => paise % 500 === 0).length / draws.length).toBeGreaterThan(0.75)
})
