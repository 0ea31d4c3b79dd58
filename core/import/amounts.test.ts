import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatRupees, groupIndian, toPaise } from '../money.ts'
import { readAmount } from './amounts.ts'

test.each([
  ['249.50', '249.50'],
  ['249', '249'],
  ['1,00,000.00', '100000.00'],
  ['10,00,000', '1000000'],
  ['1,000,000.5', '1000000.5'],
  ['₹1,00,000.00', '100000.00'],
  ['₹ 12', '12'],
  ['Rs. 1,250.75', '1250.75'],
  ['rs 5', '5'],
  ['INR 5.00', '5.00'],
  ['500.00 INR', '500.00'],
  ['500/-', '500'],
  ['-12.50', '-12.50'],
  ['-₹12.50', '-12.50'],
  ['₹-12.50', '-12.50'],
  ['0.001', '0.001'],
])('%s is %s rupees', (text, rupees) => expect(readAmount(text, 'rupees')).toBe(rupees))

test.each([
  ['24950', '249.50'],
  ['5', '0.05'],
  ['0', '0.00'],
  ['24950.00', '249.50'],
  ['1,00,000', '1000.00'],
  ['-5', '-0.05'],
])('%s is %s rupees when it is paise', (text, rupees) =>
  expect(readAmount(text, 'paise')).toBe(rupees),
)

test.each([
  '',
  'abc',
  '12,50',
  '1.234,56',
  '1,23',
  '1,0000',
  '12,3456.00',
  '1e5',
  '1.2.3',
  '.',
  '5.',
  '--5',
  '-₹-5',
  '$5',
  '5 USD',
  '٣',
  'NaN',
])('%j could mean two things, or none', (text) =>
  expect(readAmount(text, 'rupees')).toBeUndefined(),
)

test('a part of a paisa is no amount', () => {
  for (const text of ['0.5', '24950.01', '1e3']) expect(readAmount(text, 'paise')).toBeUndefined()
})

const paise = fc.bigInt(0n, 10n ** 20n)

test('an amount survives every way of writing it, to any number of digits', () => {
  fc.assert(
    fc.property(paise, (amount) => {
      const rupees = formatRupees(amount)
      const western = rupees.replace(/\B(?=(\d{3})+(?=\.))/g, ',')
      const ways = [
        rupees,
        groupIndian(rupees),
        western,
        `₹${western}`,
        `Rs. ${groupIndian(rupees)}`,
      ]
      for (const way of ways) expect(toPaise(readAmount(way, 'rupees') as string)).toBe(amount)
      expect(readAmount(String(amount), 'paise')).toBe(rupees)
    }),
  )
})

test('no text throws, and what is read is a decimal', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-₹RrsInr0-9,. /]{0,12}$/)), (text) => {
      for (const unit of ['rupees', 'paise'] as const) {
        const amount = readAmount(text.trim(), unit)
        if (amount !== undefined) expect(amount).toMatch(/^-?[0-9]+(\.[0-9]+)?$/)
      }
    }),
  )
})
