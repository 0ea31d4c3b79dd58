import { IMPORT_SAMPLE_RECORDS_MAX } from '../limits.ts'
import { CsvRecords, DELIMITERS, type Delimiter } from './csv.ts'
import type { Cells, Emit, FileRecord, RecordReader } from './line.ts'
import type { Mapping } from './mapping.ts'
import { columnsOf, NdjsonRecords } from './ndjson.ts'

/** The first rows of a file under the names of its columns. */
export interface Table {
  readonly format: 'csv' | 'ndjson'
  readonly delimiter?: Delimiter
  readonly header?: number
  readonly columns: readonly string[]
  readonly rows: readonly Cells[]
  readonly dataFrom: number
  readonly faults: readonly string[]
}

type Lines = readonly (string | null)[]

/** Reads the first lines of a file as a table; format, delimiter and header as given, else as they look. */
export function readTable(lines: Lines, given: Mapping): Table {
  const first = lines.find((line) => line !== null && line.trim() !== '') ?? ''
  const looks = /^\s*[{[]/.test(first) ? 'ndjson' : 'csv'
  const format = given.format ?? looks
  if (format === 'csv') return readCsv(lines, given)
  const fault = 'it is one JSON array, not an object a line: make it lines with jq -c ".[]"'
  return { ...readNdjson(lines), faults: /^\s*\[/.test(first) ? [fault] : [] }
}

function readNdjson(lines: Lines): Omit<Table, 'faults'> {
  const sample = lines.slice(0, IMPORT_SAMPLE_RECORDS_MAX)
  const columns = [
    ...new Set(sample.flatMap((line) => (line === null ? [] : (columnsOf(line) ?? [])))),
  ]
  return {
    format: 'ndjson',
    columns,
    rows: cellsOf(recordsOf((emit) => new NdjsonRecords({ columns, known: [], emit }), lines, 1)),
    dataFrom: 1,
  }
}

function readCsv(lines: Lines, given: Mapping): Table {
  const from = Math.max(1, given.header ?? 1)
  const found = given.delimiter ?? findDelimiter(lines, from)
  const delimiter = found ?? ','
  const top = recordsOf((emit) => new CsvRecords({ delimiter, emit }), lines, from)[0]
  const hasHeader = given.header !== 0
  const cells = top?.cells.ok ? top.cells.value : []
  const columns = cells.map((cell, i) => (hasHeader ? String(cell).trim() : `#${i + 1}`))
  const dataFrom = top === undefined || !hasHeader ? from : top.line + top.text.split('\n').length
  const width = columns.length
  return {
    format: 'csv',
    delimiter,
    header: hasHeader ? (top?.line ?? from) : 0,
    columns,
    rows: cellsOf(recordsOf((emit) => new CsvRecords({ delimiter, width, emit }), lines, dataFrom)),
    dataFrom,
    faults: csvFaults({ found, top }),
  }
}

function csvFaults({
  found,
  top,
}: {
  found: Delimiter | undefined
  top: FileRecord | undefined
}): string[] {
  if (top === undefined) return ['it has no line with anything in it']
  if (!top.cells.ok)
    return [`line ${top.line} should be the header and is not CSV: its quotes are wrong`]
  return found === undefined ? ['its delimiter is not obvious: a mapping must give delimiter'] : []
}

// The one that cuts most records as it cuts the header, and of those the one that cuts finest.
function findDelimiter(lines: Lines, from: number): Delimiter | undefined {
  const scores = DELIMITERS.map((delimiter) => {
    const rows = cellsOf(recordsOf((emit) => new CsvRecords({ delimiter, emit }), lines, from))
    const width = rows[0]?.length ?? 0
    const share = width < 2 ? 0 : rows.filter((row) => row.length === width).length / rows.length
    return { delimiter, width, isGood: share > 0.5 }
  })
  const good = scores.filter(({ isGood }) => isGood).toSorted((a, b) => b.width - a.width)
  return good[0]?.width === good[1]?.width ? undefined : good[0]?.delimiter
}

function recordsOf(open: (emit: Emit) => RecordReader, lines: Lines, from: number): FileRecord[] {
  const records: FileRecord[] = []
  const reader = open((record) => records.push(record))
  for (let i = from - 1; i < lines.length && records.length <= IMPORT_SAMPLE_RECORDS_MAX; i++) {
    reader.take(lines[i] as string | null, i + 1)
  }
  reader.end()
  return records
}

function cellsOf(records: readonly FileRecord[]): Cells[] {
  return records.flatMap(({ cells }) => (cells.ok ? [cells.value] : []))
}
