import { IMPORT_LATE_COLUMNS_MAX } from '../limits.ts'
import { accept } from '../result.ts'
import {
  type Cells,
  type Emit,
  type LineResult,
  type RecordReader,
  refuseLine,
  tooLong,
} from './line.ts'

/** Reads one JSON object a line; the columns are its keys, those of inner objects as `outer.inner`. */
export class NdjsonRecords implements RecordReader {
  readonly #paths: readonly (readonly string[])[]
  readonly #emit: Emit
  readonly #keys: ReadonlySet<string>
  readonly openFrom = undefined
  readonly late = new Set<string>()
  blank = 0

  /** `columns` are read; `known` are all that have been seen in the first lines. */
  constructor({
    columns,
    known,
    emit,
  }: { columns: readonly string[]; known: readonly string[]; emit: Emit }) {
    this.#paths = columns.map((column) => column.split('.'))
    this.#keys = new Set(
      [...columns, ...known].flatMap((column) => [column, column.split('.', 1)[0] as string]),
    )
    this.#emit = emit
  }

  take(line: string | null, number: number): void {
    if (line === null) this.#emit(tooLong(number))
    else if (line.trim() === '') this.blank += 1
    else this.#emit({ line: number, text: line, cells: this.#read(line) })
  }

  #read(line: string): LineResult<Cells> {
    const object = readObject(line)
    if (!object.ok) return object
    for (const key in object.value) if (!this.#keys.has(key)) this.#noteLate(key)
    return cellsOf(object.value, this.#paths)
  }

  #noteLate(key: string): void {
    if (this.late.size < IMPORT_LATE_COLUMNS_MAX) this.late.add(key)
  }

  end(): void {}
}

/** The columns of one line, as they are named in a mapping; undefined when it is no object. */
export function columnsOf(line: string): string[] | undefined {
  const object = readObject(line)
  return object.ok ? keysOf(object.value, '') : undefined
}

function keysOf(object: Fields, prefix: string): string[] {
  return Object.entries(object).flatMap(([key, value]) =>
    isObject(value) ? keysOf(value, `${prefix}${key}.`) : [`${prefix}${key}`],
  )
}

type Fields = Readonly<Record<string, unknown>>

function cellsOf(object: Fields, paths: readonly (readonly string[])[]): LineResult<Cells> {
  const cells: (string | undefined)[] = []
  for (const path of paths) {
    const value = valueAt(object, path)
    if (typeof value === 'string') cells.push(value)
    else if (value === null || value === undefined) cells.push(undefined)
    else if (typeof value === 'object') return refuseLine('FIELD_TYPE', `column ${path.join('.')}`)
    else cells.push(String(value))
  }
  return accept(cells)
}

// A key that holds a dot is found by its whole name.
function valueAt(object: Fields, path: readonly string[]): unknown {
  if (path.length === 1) return own(object, path[0] as string)
  const whole = own(object, path.join('.'))
  if (whole !== undefined) return whole
  return path.reduce<unknown>(
    (value, key) => (isObject(value) ? own(value, key) : undefined),
    object,
  )
}

function own(object: Fields, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

// A double's shortest form is the literal's value up to 15 significant digits; a longer number is kept as it is written.
const LONG_NUMBER = /[0-9.]{16,}/

function readObject(line: string): LineResult<Fields> {
  let parsed: unknown
  try {
    const reviver = LONG_NUMBER.test(line) ? keepLongNumbers : undefined
    parsed = JSON.parse(line, reviver as Parameters<typeof JSON.parse>[1])
  } catch {
    return refuseLine('NOT_JSON', 'line')
  }
  return isObject(parsed) ? accept(parsed) : refuseLine('NOT_OBJECT', 'line')
}

function keepLongNumbers(_key: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === 'number' && source !== undefined && LONG_NUMBER.test(source)
    ? source
    : value
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
