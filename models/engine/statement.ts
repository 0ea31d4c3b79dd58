import { type RawBuilder, sql } from 'kysely'
import { COMPILER } from './define-model.ts'

/** One statement for Postgres. */
export interface Statement {
  readonly text: string
  readonly parameters: readonly unknown[]
}

/** The text of a piece of SQL, with its values apart. */
export function statement(piece: RawBuilder<unknown>): Statement {
  const { sql: text, parameters } = piece.compile(COMPILER)
  return { text, parameters }
}

/** Columns by name, after a prefix such as `m.`. */
export function columnsOf(columns: readonly string[], prefix = ''): RawBuilder<unknown> {
  return sql.join(columns.map((column) => sql.ref(`${prefix}${column}`)))
}
