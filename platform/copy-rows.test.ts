import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CopyRows, isText } from './copy-rows.ts'

const HEADER_BYTES = 19
const TRAILER = 'ffff'

/** The fields of one row as hexadecimal bytes without their length; null for what is null. */
function fieldsOf(write: (rows: CopyRows) => void, sizeHint = 1_000): (string | null)[] {
  const rows = new CopyRows(sizeHint)
  rows.start(1)
  write(rows)
  return parse(rows.finish())[0] as (string | null)[]
}

function parse(bytes: Buffer): (string | null)[][] {
  expect(bytes.subarray(0, HEADER_BYTES).toString('hex')).toBe(
    '5047434f50590aff0d0a000000000000000000',
  )
  const rows: (string | null)[][] = []
  let at = HEADER_BYTES
  const take = (count: number) => {
    at += count
    return bytes.subarray(at - count, at)
  }
  for (;;) {
    const start = take(2)
    if (start.toString('hex') === TRAILER) break
    const row: (string | null)[] = []
    for (let i = start.readInt16BE(); i > 0; i--) {
      const length = take(4).readInt32BE()
      row.push(length === -1 ? null : take(length).toString('hex'))
    }
    rows.push(row)
  }
  expect(at).toBe(bytes.length)
  return rows
}

test.each<[string, (rows: CopyRows) => void, string | null]>([
  ['null', (rows) => rows.null(), null],
  ['int32', (rows) => rows.int32(258), '00000102'],
  ['a negative int32', (rows) => rows.int32(-2), 'fffffffe'],
  ['int64', (rows) => rows.int64(2 ** 53 - 1), '001fffffffffffff'],
  ['a negative int64', (rows) => rows.int64(-1), 'ffffffffffffffff'],
  ['an int64 of 32 bits', (rows) => rows.int64(-(2 ** 32)), 'ffffffff00000000'],
  ['a date', (rows) => rows.date('2000-01-02'), '00000001'],
  ['a date before 2000', (rows) => rows.date('1999-12-31'), 'ffffffff'],
  ['no date', (rows) => rows.date(null), null],
  ['an instant', (rows) => rows.instant(946_684_800_000_001), '0000000000000001'],
  ['an instant before 2000', (rows) => rows.instant(946_684_799_999_999), 'ffffffffffffffff'],
  ['an instant before 1970', (rows) => rows.instant(-1), 'fffca2fec4c81fff'],
  ['no instant', (rows) => rows.instant(null), null],
  ['bytes', (rows) => rows.bytes(Buffer.from([0, 255])), '00ff'],
  ['empty bytes', (rows) => rows.bytes(Buffer.alloc(0)), ''],
  ['no bytes', (rows) => rows.bytes(null), null],
  ['text', (rows) => rows.text('ab'), '6162'],
  ['empty text', (rows) => rows.text(''), ''],
  ['no text', (rows) => rows.text(null), null],
  ['text that is not ASCII', (rows) => rows.text('aé₹\u{1f600}'), '61c3a9e282b9f09f9880'],
  ['half a surrogate pair', (rows) => rows.text('a\ud800b'), '61efbfbd62'],
  ['no texts', (rows) => rows.texts([]), '0000000100000000000000190000000000000001'],
  [
    'texts',
    (rows) => rows.texts(['a', 'é']),
    '00000001000000000000001900000002000000010000000161' + '00000002c3a9',
  ],
  ['a small amount', (rows) => rows.money('0.10'), '00020000000000020000' + '03e8'],
  ['an amount of 4 digits', (rows) => rows.money('1234.05'), '0002000000000002' + '04d201f4'],
  ['an amount of 5 digits', (rows) => rows.money('12345.00'), '0003000100000002' + '000109290000'],
  [
    'an amount of 12 digits',
    (rows) => rows.money('123456789012.34'),
    '0004000200000002' + '04d2162e23340d48',
  ],
])('%s', (_, write, expected) => {
  expect(fieldsOf(write)).toEqual([expected])
})

test.each([63, 64, 65, 1_000])('text of %i characters, ASCII and not', (length) => {
  for (const text of ['x'.repeat(length), `${'x'.repeat(length - 1)}₹`, 'é'.repeat(length)]) {
    expect(fieldsOf((rows) => rows.text(text))).toEqual([Buffer.from(text).toString('hex')])
  }
})

test('rows grow beyond any hint, and end where it is said', () => {
  const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 90 }), fc.string({ maxLength: 90 }))
  const table = fc.array(fc.array(fc.option(value), { maxLength: 4 }), { maxLength: 8 })
  fc.assert(
    fc.property(table, fc.nat(40), (texts, sizeHint) => {
      const rows = new CopyRows(sizeHint)
      const ends = texts.map((row) => {
        rows.start(row.length)
        for (const text of row) rows.text(text)
        return rows.end
      })
      const hex = (text: string | null) =>
        text === null ? null : Buffer.from(text).toString('hex')
      const wanted = texts.map((row) => row.map(hex))
      expect(parse(rows.finish())).toEqual(wanted)
      // What is left out of one copy is in the next: a batch may be written again.
      const from = (i: number) => ends[i - 1] ?? HEADER_BYTES
      const odd = ends.map((to, i) => ({ from: from(i), to })).filter((_, i) => i % 2 === 1)
      expect(parse(rows.finish(odd))).toEqual(wanted.filter((_, i) => i % 2 === 0))
      expect(parse(rows.finish())).toEqual(wanted)
    }),
  )
})

test('text for Postgres is UTF-8 without a NUL', () => {
  expect(isText(Buffer.from('₹'))).toBe(true)
  expect(isText(Buffer.from('a\0b'))).toBe(false)
  expect(isText(Buffer.from([0xff]))).toBe(false)
  expect(isText(Buffer.alloc(0))).toBe(true)
})
