import type { RejectCode } from '../errors.ts'
import type { Accepted } from '../result.ts'

/** One reason why a line of a file does not become a message. `detail` names field, column and rule, never a value. */
export interface LineReject {
  readonly code: RejectCode | 'NOT_CSV'
  readonly detail: string
}

export type LineResult<T> =
  | Accepted<T>
  | { readonly ok: false; readonly reasons: readonly LineReject[] }

/** The cells of a line in the order of the columns; undefined where an object lacks the key. */
export type Cells = readonly (string | undefined)[]

/** A line of a file, or the lines of a CSV record with line breaks in its quotes. */
export interface FileRecord {
  /** Number of its first line, from 1. */
  readonly line: number
  readonly text: string
  readonly cells: LineResult<Cells>
}

/** Told of each record, in the order of their lines. */
export type Emit = (record: FileRecord) => void

/** Takes physical lines one by one and emits records. */
export interface RecordReader {
  /** null stands for a line that was too long to keep. */
  take(line: string | null, number: number): void
  /** After the last line: emits what is left. */
  end(): void
  /** Lines without anything in them. */
  readonly blank: number
  /** First line of a record that has begun and not ended; undefined between records. */
  readonly openFrom: number | undefined
  /** Columns that the first lines did not have, and that are not read therefore. */
  readonly late: ReadonlySet<string>
}

/** Refuses a line for one reason. */
export function refuseLine(code: LineReject['code'], detail: string): LineResult<never> {
  return { ok: false, reasons: [{ code, detail }] }
}

/** What is read of a line that is longer than anything could be. */
export function tooLong(line: number): FileRecord {
  return { line, text: '', cells: refuseLine('TOO_LARGE', 'line') }
}
