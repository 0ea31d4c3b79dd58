import type { Pool } from 'pg'
import type { FactName } from './fact-table.ts'

/** The values of a metric, by their labels if it has any. */
export type Samples = readonly (readonly [
  value: number,
  labels?: Readonly<Record<string, string>>,
])[]

/** What a source has told: all its metrics at once, or none. */
export type Told = Partial<Record<FactName, Samples>>

/**
 * One source of facts. `read` is called by whoever asks first when the last answer has become too old; it throws when the
 * source cannot be read, and what it gives is shown to all that ask until it is too old again.
 */
export interface FactReader {
  readonly fact: string
  /** How old an answer may be shown, where reading costs more than the others do. */
  readonly ageMsMax?: number
  read(): Promise<Told>
}

/** Reads by one statement on the connections of the facts. */
export type Ask = <Row extends object>(sql: string, values?: readonly unknown[]) => Promise<Row[]>

/** Asks over a pool whose sessions limit the time of a statement. */
export function askOver(pool: Pool): Ask {
  return async <Row extends object>(sql: string, values: readonly unknown[] = []) => {
    const { rows } = await pool.query<Row>(sql, [...values])
    return rows
  }
}

/** The one row of a statement that always gives one. */
export async function askOne<Row extends object>(ask: Ask, sql: string): Promise<Row> {
  const [row] = await ask<Row>(sql)
  if (row === undefined) throw new Error('no row')
  return row
}

/** A sample a row, with one label; a row that has no value gives none. */
export function by<Row>(
  rows: readonly Row[],
  label: string,
  nameOf: (row: Row) => string,
  read: (row: Row) => number | null,
): Samples {
  return rows.flatMap((row) => {
    const value = read(row)
    return value === null ? [] : [[value, { [label]: nameOf(row) }] as const]
  })
}
