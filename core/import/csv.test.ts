import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CsvRecords, DELIMITERS, type Delimiter, splitRecord } from './csv.ts'
import type { FileRecord } from './line.ts'

test.each([
  ['a,b,c', ['a', 'b', 'c']],
  ['a,,', ['a', '', '']],
  ['"a,b",c', ['a,b', 'c']],
  ['"a""b",""', ['a"b', '']],
  ['"a\nb",c', ['a\nb', 'c']],
  ['"a', 'open'],
  ['x,"a""', 'open'],
  ['a"b,c', 'broken'],
  ['"a"b,c', 'broken'],
  ['"a" ,c', 'broken'],
])('%j is %j', (text, cells) => expect(splitRecord(text, ',')).toEqual(cells))

const cell = fc.oneof(fc.string(), fc.stringMatching(/^[",;\n| a]{0,6}$/))
const row = fc.array(cell, { minLength: 2, maxLength: 5 })

test('what is written is read, whatever the cells hold, and as csv-parse reads it', () => {
  fc.assert(
    fc.property(row, fc.constantFrom(...DELIMITERS), (cells, delimiter) => {
      const text = write(cells, delimiter)
      expect(splitRecord(text, delimiter)).toEqual(cells)
      expect(parse(text, { delimiter, record_delimiter: '\r\r' })).toEqual([cells])
    }),
  )
})

test('no text throws', () => {
  fc.assert(fc.property(cell, (text) => void splitRecord(text, ',')))
})

function write(cells: readonly string[], delimiter: string): string {
  const written = cells.map((each) =>
    each.includes(delimiter) || /["\n\r]/.test(each) ? `"${each.replaceAll('"', '""')}"` : each,
  )
  return written.join(delimiter)
}

describe('records', () => {
  const records = (text: string, width?: number, delimiter: Delimiter = ',') => {
    const found: FileRecord[] = []
    const emit = (record: FileRecord) => found.push(record)
    const reader = new CsvRecords({ delimiter, emit, ...(width === undefined ? {} : { width }) })
    for (const [i, line] of text.split('\n').entries()) reader.take(line, i + 1)
    reader.end()
    const shown = found.map(({ line, cells }) =>
      cells.ok ? [line, ...cells.value] : [line, cells.reasons[0]?.code, cells.reasons[0]?.detail],
    )
    return { shown, blank: reader.blank, texts: found.map(({ text: each }) => each) }
  }

  test('keep the number of their first line', () => {
    const { shown, blank, texts } = records('a,b\n\n"c\nd",e\n,\nf,g', 2)
    expect(shown).toEqual([
      [1, 'a', 'b'],
      [3, 'c\nd', 'e'],
      [6, 'f', 'g'],
    ])
    expect(blank).toBe(2)
    expect(texts[1]).toBe('"c\nd",e')
  })

  test('of another width are refused, but for delimiters at the end', () => {
    expect(records('a\na,b,,\na,b,c', 2).shown).toEqual([
      [1, 'NOT_CSV', 'number of cells'],
      [2, 'a', 'b'],
      [3, 'NOT_CSV', 'number of cells'],
    ])
  })

  test('a stray quote costs its own line, wherever the next quote stands', () => {
    expect(records('a,"b\nc,d\n"e,x",f\ng,h', 2).shown).toEqual([
      [1, 'NOT_CSV', 'quotes'],
      [2, 'c', 'd'],
      [3, 'e,x', 'f'],
      [4, 'g', 'h'],
    ])
    expect(records('a,"b\nc,d', 2).shown).toEqual([
      [1, 'NOT_CSV', 'quotes'],
      [2, 'c', 'd'],
    ])
    const many = `"a,b\n${'c,d\n'.repeat(500)}`
    expect(records(many, 2).shown).toHaveLength(501)
    expect(records(`a",b\nc,d`, 2).shown[0]).toEqual([1, 'NOT_CSV', 'quotes'])
  })

  test('a line too long to keep ends an open record', () => {
    const found: FileRecord[] = []
    const reader = new CsvRecords({ delimiter: ',', width: 2, emit: (each) => found.push(each) })
    reader.take('"a,b', 1)
    reader.take(null, 2)
    expect(reader.openFrom).toBeUndefined()
    expect(found.map(({ line, cells }) => [line, !cells.ok && cells.reasons[0]?.code])).toEqual([
      [1, 'NOT_CSV'],
      [2, 'TOO_LARGE'],
    ])
  })

  test('every line is in just one record, or blank', () => {
    const line = fc.stringMatching(/^["a,]{0,6}$/)
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const { texts, blank } = records(lines.join('\n'), 2)
        const taken = texts.flatMap((text) => text.split('\n'))
        const total = lines.length === 0 ? 1 : lines.length
        expect(taken.length + blank).toBe(total)
      }),
    )
  })
})
