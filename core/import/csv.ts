import { IMPORT_LINE_CHARS_MAX, IMPORT_RECORD_LINES_MAX } from '../limits.ts'
import { accept } from '../result.ts'
import {
  type Cells,
  type Emit,
  type LineResult,
  type RecordReader,
  refuseLine,
  tooLong,
} from './line.ts'

export const DELIMITERS = [',', ';', '\t', '|'] as const

export type Delimiter = (typeof DELIMITERS)[number]

/**
 * Splits text into the cells of one CSV record (RFC 4180): a cell that begins with a quote ends with one, and two stand
 * for one in between. 'open' when the text ends inside of quotes, 'broken' when a quote stands anywhere else.
 */
export function splitRecord(text: string, delimiter: Delimiter): string[] | 'open' | 'broken' {
  if (!text.includes('"')) return text.split(delimiter)
  const cells: string[] = []
  for (let at = 0; ; at += 1) {
    const cell = text[at] === '"' ? quotedCell(text, at) : bareCell(text, at, delimiter)
    if (typeof cell === 'string') return cell
    cells.push(cell.value)
    at = cell.end
    if (at >= text.length) return cells
    if (text[at] !== delimiter) return 'broken'
  }
}

interface Cell {
  readonly value: string
  /** Where the delimiter must stand. */
  readonly end: number
}

function quotedCell(text: string, from: number): Cell | 'open' {
  for (let at = from + 1; ; at += 2) {
    at = text.indexOf('"', at)
    if (at === -1) return 'open'
    if (text[at + 1] === '"') continue
    return { value: text.slice(from + 1, at).replaceAll('""', '"'), end: at + 1 }
  }
}

function bareCell(text: string, from: number, delimiter: Delimiter): Cell | 'broken' {
  const found = text.indexOf(delimiter, from)
  const end = found === -1 ? text.length : found
  const value = text.slice(from, end)
  return value.includes('"') ? 'broken' : { value, end }
}

/**
 * Reads CSV line by line, so that each record keeps the number of its line and a stray quote costs its own line only:
 * what does not become a record of the right width is refused by its first line, and the others are read anew.
 */
export class CsvRecords implements RecordReader {
  readonly #options: { delimiter: Delimiter; width?: number; emit: Emit }
  readonly #nothing: RegExp
  #open: string[] = []
  #openFrom = 0
  #openChars = 0
  // The header is all there is.
  readonly late = new Set<string>()
  blank = 0

  /** `width` is how many cells a record has; unknown while the header itself is looked for. */
  constructor(options: { delimiter: Delimiter; width?: number; emit: Emit }) {
    this.#options = options
    this.#nothing = options.delimiter === '|' ? /^[\s|]*$/ : /^[\s,;]*$/
  }

  get openFrom(): number | undefined {
    return this.#open.length === 0 ? undefined : this.#openFrom
  }

  take(line: string | null, number: number): void {
    if (this.#open.length > 0) this.#takeNext(line, number)
    else this.#takeFirst(line, number)
  }

  end(): void {
    while (this.#open.length > 0) this.#giveUp()
  }

  #takeFirst(line: string | null, number: number): void {
    const { delimiter, emit } = this.#options
    if (line === null) emit(tooLong(number))
    else if (this.#nothing.test(line)) this.blank += 1
    else {
      const cells = splitRecord(line, delimiter)
      if (cells !== 'open') emit({ line: number, text: line, cells: this.#check(cells) })
      else {
        this.#open = [line]
        this.#openFrom = number
        this.#openChars = line.length
      }
    }
  }

  #takeNext(line: string | null, number: number): void {
    if (line === null) {
      this.end()
      this.#takeFirst(line, number)
      return
    }
    this.#open.push(line)
    this.#openChars += line.length + 1
    // Without a quote the record is as open as before.
    if (line.includes('"')) this.#tryOpen()
    const isTooMuch =
      this.#open.length >= IMPORT_RECORD_LINES_MAX || this.#openChars > IMPORT_LINE_CHARS_MAX
    if (isTooMuch) this.#giveUp()
  }

  #tryOpen(): void {
    const { delimiter, emit } = this.#options
    const text = this.#open.join('\n')
    const split = splitRecord(text, delimiter)
    if (split === 'open') return
    const cells = this.#check(split)
    if (cells.ok) {
      this.#open = []
      emit({ line: this.#openFrom, text, cells })
    } else this.#giveUp()
  }

  #giveUp(): void {
    const [first, ...others] = this.#open
    if (first === undefined) return
    const from = this.#openFrom
    this.#open = []
    this.#options.emit({ line: from, text: first, cells: refuseLine('NOT_CSV', 'quotes') })
    for (const [i, line] of others.entries()) this.take(line, from + 1 + i)
  }

  #check(cells: string[] | 'open' | 'broken'): LineResult<Cells> {
    if (typeof cells === 'string') return refuseLine('NOT_CSV', 'quotes')
    const width = this.#options.width ?? cells.length
    // Delimiters at the end of a line hold nothing.
    while (cells.length > width && cells.at(-1) === '') cells.pop()
    return cells.length === width ? accept(cells) : refuseLine('NOT_CSV', 'number of cells')
  }
}
