import { expect, test } from 'vitest'
import { isPerson, maskVpa, parseVpa } from './vpa.ts'

function vpa(text: string) {
  const parsed = parseVpa(text)
  if (parsed === undefined) throw new Error(`not a VPA: ${text}`)
  return parsed
}

test.each([
  ['Asha.K@okHDFCbank', 'asha.k@okhdfcbank'],
  ['  9876543210@ybl ', '9876543210@ybl'],
  ['12345678901@hdfc0000001.ifsc.npci', '12345678901@hdfc0000001.ifsc.npci'],
])('%s is read as %s', (raw, text) => {
  expect(vpa(raw).text).toBe(text)
})

test.each([
  'a@ybl',
  'ab@y',
  'ab',
  'a b@ybl',
  'ab@@ybl',
  'ab@y-l',
  '',
  'a\u212a@okxx',
  `${'a'.repeat(254)}@ybl`,
])('%s is no VPA', (raw) => {
  expect(parseVpa(raw)).toBeUndefined()
})

test('a mask shows three characters of a long name and one of a short one', () => {
  expect(maskVpa(vpa('asha.k@okhdfcbank'))).toBe('as***k@okhdfcbank')
  expect(maskVpa(vpa('ashak@ybl'))).toBe('a***@ybl')
})

test('a payee without a type is a person by a mobile number or an account', () => {
  expect(isPerson(vpa('9876543210@ybl'), null)).toBe(true)
  expect(isPerson(vpa('1234@hdfc0000001.ifsc.npci'), null)).toBe(true)
  expect(isPerson(vpa('chaishop@ybl'), null)).toBe(false)
  expect(isPerson(vpa('9876543210@ybl'), 'P2M')).toBe(false)
  expect(isPerson(vpa('chaishop@ybl'), 'P2P')).toBe(true)
  expect(isPerson(vpa('chaishop@ybl'), 'REFUND')).toBe(true)
})
