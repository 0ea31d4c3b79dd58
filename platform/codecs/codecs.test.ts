import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packLz4, unpackLz4 } from './lz4.ts'
import { packSnappy, unpackSnappy } from './snappy.ts'

const BYTES_MAX = 1 << 20
const TEXT = 'chaishop@ybl chaishop@ybl chaishop@ybl'

const decode = (text: string) => Buffer.from(text, 'base64')

describe.each([
  ['lz4', packLz4, unpackLz4],
  ['snappy', packSnappy, unpackSnappy],
] as const)('%s', (_, pack, unpack) => {
  test('what was packed unpacks to the same, over any number of blocks', () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array))
    const contents = fc.tuple(bytes, fc.integer({ min: 1, max: 300 }), bytes)
    fc.assert(
      fc.property(contents, ([part, times, rest]) => {
        const content = Buffer.concat([...Array.from({ length: times }, () => part), rest])
        expect(unpack(pack(content), BYTES_MAX).equals(content)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('bytes of any kind unpack or are refused, and nothing outgrows the bound', () => {
    const packed = pack(Buffer.from(TEXT.repeat(100)))
    const damage = fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1 })
    fc.assert(
      fc.property(damage, fc.nat(packed.length), (changes, length) => {
        const bytes = Buffer.from(packed)
        for (const [at, byte] of changes) bytes[at] = byte
        let unpacked = Buffer.alloc(0)
        try {
          unpacked = Buffer.from(unpack(bytes.subarray(0, length), 5_000))
        } catch (fault) {
          expect(fault).toBeInstanceOf(Error)
        }
        expect(unpacked.length).toBeLessThanOrEqual(5_000)
      }),
    )
  })

  test('what would unpack to more than it may is refused', () => {
    const packed = pack(Buffer.alloc(BYTES_MAX + 1))
    expect(() => unpack(packed, BYTES_MAX)).toThrow('it holds more than 1 MiB')
    expect(unpack(pack(Buffer.alloc(BYTES_MAX)), BYTES_MAX)).toHaveLength(BYTES_MAX)
  })
})

test('snappy of the Java library is read, with a frame and without', () => {
  const framed = 'glNOQVBQWQAAAAABAAAAAQAAABImMGNoYWlzaG9wQHlibCBiDQA='
  const bare = 'JjBjaGFpc2hvcEB5YmwgYg0A'
  for (const text of [framed, bare]) {
    expect(unpackSnappy(decode(text), BYTES_MAX).toString()).toBe(TEXT)
  }
})

test('a snappy literal of a negative length ends with an error: a public decoder loops for ever on it', () => {
  const bytes = Buffer.from([0x20, 0xfc, 0xf5, 0xff, 0xff, 0xff, 0, 0, 0, 0])
  expect(() => unpackSnappy(bytes, BYTES_MAX)).toThrow('too early')
})

test('an LZ4 frame of the Java library is read, with its size and the checksums of blocks and content', () => {
  const frame = 'BCJNGHxAJgAAAAAAAAAeFwAAAN9jaGFpc2hvcEB5YmwgDQABUHBAeWJsrg293AAAAABjCz6K'
  expect(unpackLz4(decode(frame), BYTES_MAX).toString()).toBe(TEXT)
})

test('an LZ4 block may copy from the block before it', () => {
  const magic = [0x04, 0x22, 0x4d, 0x18]
  const stored = [8, 0, 0, 0x80, ...Buffer.from('chaishop')]
  const copied = [3, 0, 0, 0, 0x04, 8, 0]
  const frame = Buffer.from([...magic, 0x40, 0x40, 0xc0, ...stored, ...copied, 0, 0, 0, 0])
  expect(unpackLz4(frame, BYTES_MAX).toString()).toBe('chaishopchaishop')
})
