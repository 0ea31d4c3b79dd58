import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FileRecord } from './line.ts'
import { columnsOf, NdjsonRecords } from './ndjson.ts'

function cells(line: string, ...columns: string[]) {
  const found: FileRecord[] = []
  new NdjsonRecords({ columns, known: [], emit: (each) => found.push(each) }).take(line, 1)
  const result = found[0]?.cells
  return result?.ok ? result.value : result?.reasons.map(({ code, detail }) => `${code} ${detail}`)
}

test.each([
  ['{"a":"x","b":5}', ['x', '5']],
  ['{"a":null}', [undefined, undefined]],
  ['{"a":true,"b":100.50}', ['true', '100.5']],
  ['{"a":"x","b":[1]}', ['FIELD_TYPE column b']],
  ['{"a":12345678901234567.89,"b":1e2}', ['12345678901234567.89', '100']],
  ['{"a":"__proto__","b":0.1}', ['__proto__', '0.1']],
  ['[1]', ['NOT_OBJECT line']],
  ['{"a"', ['NOT_JSON line']],
  ['5', ['NOT_OBJECT line']],
])('%s', (line, expected) => expect(cells(line, 'a', 'b')).toEqual(expected))

test('inner objects are reached by their path, and a key with a dot by its name', () => {
  const line = '{"payer":{"vpa":"a@b","bank":{"code":"X"}},"x.y":"z"}'
  expect(columnsOf(line)).toEqual(['payer.vpa', 'payer.bank.code', 'x.y'])
  expect(cells(line, 'payer.vpa', 'payer.bank.code', 'x.y', 'payer.none', 'x.z')).toEqual([
    'a@b',
    'X',
    'z',
    undefined,
    undefined,
  ])
})

test('columns that come late are named', () => {
  const reader = new NdjsonRecords({ columns: ['a.b'], known: ['c'], emit: () => {} })
  for (const line of ['{"a":{"b":1}}', '{"c":1,"d":2}', '{"a":{"e":1}}']) reader.take(line, 1)
  expect([...reader.late]).toEqual(['d'])
})

test('what every object inherits is no column', () => {
  expect(cells('{}', 'constructor', 'a.constructor')).toEqual([undefined, undefined])
})

test('no line throws, and a decimal keeps its digits', () => {
  fc.assert(fc.property(fc.string(), (line) => void cells(line, 'a')))
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 25n), fc.integer({ min: 10, max: 99 }), (whole, part) => {
      const [text] = cells(`{"a":${whole}.${part}}`, 'a') as string[]
      const value = (literal: string) =>
        BigInt(literal.replace(/\.(\d\d?)$/, (_, d) => d.padEnd(2, '0')))
      const isWhole = !text?.includes('.')
      expect(isWhole ? BigInt(text as string) * 100n : value(text as string)).toBe(
        whole * 100n + BigInt(part),
      )
    }),
  )
})
