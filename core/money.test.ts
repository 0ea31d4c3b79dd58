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

/** The verdict by whole numbers alone, however large: no digit is ever lost. */
function reference(literal: string, grammar: 'text' | 'number'): string {
  const match =
    grammar === 'text'
      ? /^(-?)([0-9]+)(?:\.([0-9]+))?()$/.exec(literal)
      : /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(literal)
  if (match === null) return 'AMOUNT_NOT_DECIMAL'
  const [, sign, whole = '', fraction = '', exponent = ''] = match
  // The value is units ÷ per; both are multiplied so that neither needs a fraction.
  const shift = BigInt(exponent === '' ? 0 : exponent)
  const units = BigInt(whole + fraction) * 100n * 10n ** (shift > 0n ? shift : 0n)
  const per = 10n ** (BigInt(fraction.length) + (shift < 0n ? -shift : 0n))
  const reasons: string[] = []
  if (units % per !== 0n) reasons.push('AMOUNT_SCALE')
  if (sign === '-' || units === 0n) reasons.push('AMOUNT_NOT_POSITIVE')
  else if (units > limitPaise * per) reasons.push('AMOUNT_OVER_LIMIT')
  return reasons.length > 0 ? reasons.join(' ') : formatRupees(units / per)
}

const someDigits = (max: number) =>
  fc.oneof(
    fc.nat(2_000_000).map(String),
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: max }),
    fc.tuple(fc.nat(99), fc.nat(max)).map(([head, zeros]) => `${head}${'0'.repeat(zeros)}`),
  )

const decimal = fc
  .tuple(fc.constantFrom('', '', '-'), someDigits(300), fc.option(someDigits(300)))
  .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}`)

const jsonNumber = fc
  .tuple(decimal, fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), fc.nat(400))))
  .map(([text, power]) => `${text}${power === null ? '' : power.join('')}`)
  .map((text) => text.replace(/^(-?)0+(?=[0-9])/, '$1'))

test('any decimal of any length is read exactly, as text and as a JSON number', () => {
  fc.assert(
    fc.property(decimal, (literal) => {
      expect(verdict(literal)).toBe(reference(literal, 'text'))
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(jsonNumber, (literal) => {
      expect(verdict(literal, 'number')).toBe(reference(literal, 'number'))
    }),
    { numRuns: 500 },
  )
})

test('the short way of the usual amounts says what the exact one says of any text', () => {
  const usual = fc
    .tuple(fc.nat(20_000_000_000), fc.nat(99))
    .map(([rupees, paise]) => `${rupees}.${String(paise).padStart(2, '0')}`)
  const nearly = fc
    .tuple(usual, fc.nat(14), fc.constantFrom('', '.', '-', '+', 'e', ' ', '0', '/', ':', '１'))
    .map(([text, at, other]) => text.slice(0, at) + other + text.slice(at + 1))
  fc.assert(
    fc.property(fc.oneof(usual, nearly, fc.string({ maxLength: 15 })), (text) => {
      expect(verdict(text)).toBe(reference(text, 'text'))
    }),
    { numRuns: 1_000 },
  )
})
