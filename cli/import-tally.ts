import type { LineReject } from '../core/import/line.ts'
import { IMPORT_LINES_SHOWN_MAX } from '../core/limits.ts'

/** What has become of the lines of one file. */
export interface FileTally {
  readonly file: string
  /** Lines of the file that were read, its header included. */
  lines: number
  blank: number
  /** Rows: one line each, or several when quotes hold line breaks. */
  rows: number
  /** Sent, or in a dry run fit to be sent. */
  accepted: number
  refused: number
  /** Columns that came after the first lines, and were not imported. */
  late: readonly string[]
}

/** What is counted of a file. */
export type Figure = 'lines' | 'blank' | 'rows' | 'accepted' | 'refused'

/** Lines refused for one reason. */
export interface ReasonTally extends LineReject {
  lines: number
  /** Where the first of them stand. */
  readonly at: { readonly file: string; readonly line: number }[]
}

/** Counts what an import does; its size depends on the reasons that there are, not on the lines. */
export class ImportTally {
  readonly files: FileTally[] = []
  readonly #reasons = new Map<string, ReasonTally>()
  /** Optional fields that are malformed and become null, by field. */
  readonly #nulled = new Map<string, number>()

  /** Begins a file. */
  add(file: string): FileTally {
    const tally = { file, lines: 0, blank: 0, rows: 0, accepted: 0, refused: 0, late: [] }
    this.files.push(tally)
    return tally
  }

  refuse(tally: FileTally, line: number, reasons: readonly LineReject[]): void {
    tally.refused += 1
    for (const { code, detail } of reasons) {
      const key = `${code} ${detail}`
      const known = this.#reasons.get(key) ?? { code, detail, lines: 0, at: [] }
      this.#reasons.set(key, known)
      known.lines += 1
      if (known.at.length < IMPORT_LINES_SHOWN_MAX) known.at.push({ file: tally.file, line })
    }
  }

  countNull(field: string): void {
    this.#nulled.set(field, (this.#nulled.get(field) ?? 0) + 1)
  }

  /** The reasons, the most frequent first. */
  get reasons(): ReasonTally[] {
    return [...this.#reasons.values()].toSorted((a, b) => b.lines - a.lines)
  }

  get nulled(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#nulled)
  }

  /** One figure over all files. */
  sum(figure: Figure): number {
    return this.files.reduce((sum, tally) => sum + tally[figure], 0)
  }
}
