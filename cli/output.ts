import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string | number | null | undefined
  readonly align?: 'left' | 'right'
  readonly style?: (row: Row) => Style | undefined
}

const CLEAR_LINE = '\r\u001b[2K'
const PLAIN_PROGRESS_EVERY_MS = 5_000

/** Writes a line to stdout: results. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** Writes a line to stderr: words beside the result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Writes a value for machines. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** Colours text, on a terminal only. */
export function paint(
  style: Style,
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return styleText(style, text, { stream })
}

/** Prints rows under titles; columns as wide as their longest cell. */
export function printTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
  for (const line of tableLines(rows, columns)) print(line)
}

/** The lines of a table, for output that is redrawn. */
export function tableLines<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[] {
  const cells = rows.map((row) => columns.map((column) => cellText(column.value(row))))
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...cells.map((row) => (row[i] as string).length)),
  )
  const pad = (text: string, i: number) =>
    columns[i]?.align === 'right' ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)
  const header = columns.map((column, i) => paint('dim', pad(column.title, i)))
  const body = rows.map((row, r) =>
    columns.map((column, i) => {
      const padded = pad((cells[r] as string[])[i] as string, i)
      const style = column.style?.(row)
      return style === undefined ? padded : paint(style, padded)
    }),
  )
  return [header, ...body].map((line) => line.join('  ').trimEnd())
}

/** A line that is overwritten on a terminal; elsewhere a plain line now and then. */
export class Progress {
  readonly #isLive = process.stderr.isTTY === true
  #shownAt = 0

  /** Shows where the work stands. */
  update(text: string): void {
    if (this.#isLive) {
      process.stderr.write(`${CLEAR_LINE}${text.slice(0, (process.stderr.columns || 100) - 1)}`)
      return
    }
    const now = performance.now()
    if (this.#shownAt !== 0 && now - this.#shownAt < PLAIN_PROGRESS_EVERY_MS) return
    this.#shownAt = now
    note(text)
  }

  /** Removes the live line, or replaces it by a last one. */
  done(text?: string): void {
    if (this.#isLive) process.stderr.write(CLEAR_LINE)
    if (text !== undefined) note(text)
  }
}

/** Bytes as people read them. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1 << 30) return `${(bytes / (1 << 30)).toFixed(2)} GiB`
  return `${Math.round(bytes / (1 << 20))} MiB`
}

/** A time span as people read it: 4.2 s, 3 min, 2 h, 5 d. */
export function formatSpan(millis: number): string {
  if (millis < 100_000) return `${(millis / 1000).toFixed(1)} s`
  if (millis < 7_200_000) return `${Math.round(millis / 60_000)} min`
  if (millis < 172_800_000) return `${Math.round(millis / 3_600_000)} h`
  return `${Math.round(millis / 86_400_000)} d`
}

/** A minute as people in India write it: schedules follow Indian days wherever the operator sits. */
export function inIndia(at: Date): string {
  const shifted = new Date(at.getTime() + 330 * 60_000)
  return `${shifted.toISOString().slice(0, 16).replace('T', ' ')} IST`
}

function cellText(value: string | number | null | undefined): string {
  return value === null || value === undefined ? '' : String(value)
}
