import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HmacSha256 } from './hmac-sha256.ts'

const ascii = fc.string({ unit: fc.constantFrom(...'abcxyz0189._-@'), maxLength: 300 })

test('it is the HMAC of Node for any secret and any text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(ascii), (secret, texts) => {
      const hmac = new HmacSha256(secret)
      for (const text of texts) {
        const expected = createHmac('sha256', secret).update(text).digest()
        expect(hmac.digest(text, 32).equals(expected)).toBe(true)
        expect(hmac.digest(text, 16).equals(expected.subarray(0, 16))).toBe(true)
      }
    }),
  )
})

test.each([0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 255])('%i characters', (length) => {
  const secret = Buffer.alloc(32, 7)
  const text = 'a'.repeat(length)
  const expected = createHmac('sha256', secret).update(text).digest()
  expect(new HmacSha256(secret).digest(text, 32)).toEqual(expected)
})
