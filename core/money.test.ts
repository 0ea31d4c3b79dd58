import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatRupees, groupIndian, parseAmount, toPaise } from './money.ts'

const limitPaise = 100_000_000n // ₹10,00,000.00

function verdict(literal: string, grammar: 'text' | 'number' = 'text'): string {
  const result = parseAmount(literal, { grammar, limitPaise })
  return result.ok ? result.value : result.reasons.map((reason) => reason.code).join(' ')
}

test.each([
  ['249.50', '249.50'],
  ['249.5', '249.50'],
  ['1', '1.00'],
  ['007.10', '7.10'],
  ['1.500000000000000000000', '1.50'],
  ['1000000.00', '1000000.00'],
  ['', 'AMOUNT_NOT_DECIMAL'],
  ['abc', 'AMOUNT_NOT_DECIMAL'],
  ['1e2', 'AMOUNT_NOT_DECIMAL'],
  ['+1', 'AMOUNT_NOT_DECIMAL'],
  ['1.', 'AMOUNT_NOT_DECIMAL'],
  [' 1', 'AMOUNT_NOT_DECIMAL'],
  ['१२', 'AMOUNT_NOT_DECIMAL'],
  ['1.001', 'AMOUNT_SCALE'],
  ['0', 'AMOUNT_NOT_POSITIVE'],
  ['-0.00', 'AMOUNT_NOT_POSITIVE'],
  ['-5.00', 'AMOUNT_NOT_POSITIVE'],
  ['-1.234', 'AMOUNT_SCALE AMOUNT_NOT_POSITIVE'],
  ['1000000.01', 'AMOUNT_OVER_LIMIT'],
  ['1000000.001', 'AMOUNT_SCALE AMOUNT_OVER_LIMIT'],
  ['999999.999', 'AMOUNT_SCALE'],
  [`${'9'.repeat(400)}`, 'AMOUNT_OVER_LIMIT'],
])('the text %s gives %s', (literal, expected) => {
  expect(verdict(literal)).toBe(expected)
})

test.each([
  ['2.4950e2', '249.50'],
  ['1E5', '100000.00'],
  ['12345e-2', '123.45'],
  ['100.0000000000000001', 'AMOUNT_SCALE'],
  ['1e-400', 'AMOUNT_SCALE'],
  ['1e999999999', 'AMOUNT_OVER_LIMIT'],
])('the JSON number %s gives %s', (literal, expected) => {
  expect(verdict(literal, 'number')).toBe(expected)
})

test('literals made to be slow are read like others', () => {
  // With a backtracking pattern for the zeros each of these took seconds.
  for (let i = 0; i < 50; i++) expect(verdict(`1${'0'.repeat(64_500)}1`)).toBe('AMOUNT_OVER_LIMIT')
})

test('paise and rupees round-trip', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), (paise) => {
      expect(toPaise(formatRupees(paise))).toBe(paise)
    }),
  )
})

test('an accepted amount keeps its exact value whatever zeros surround it', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: limitPaise }),
      fc.nat(5),
      fc.nat(40),
      (paise, lead, trail) => {
        const literal = `${'0'.repeat(lead)}${formatRupees(paise)}${'0'.repeat(trail)}`
        expect(verdict(literal)).toBe(formatRupees(paise))
      },
    ),
  )
})

test('digits are grouped the Indian way', () => {
  expect(groupIndian('1234567.89')).toBe('12,34,567.89')
  expect(groupIndian('-100000')).toBe('-1,00,000')
  expect(groupIndian('999.00')).toBe('999.00')
})
