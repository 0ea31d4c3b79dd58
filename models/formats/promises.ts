import { type RawBuilder, sql } from 'kysely'
import { renderBadRows, renderDoubles, renderTotals } from '../engine/audit.ts'
import { isModel, type Model, type Relation, type RowCheck } from '../engine/define-model.ts'
import { statement } from '../engine/statement.ts'
import { inlined, oncePer } from './places.ts'

/** One thing that a model promises, in words that other tools share. */
export interface Promised {
  /** As a refused build names it. */
  readonly check: string
  readonly type:
    | 'not_null'
    | 'unique'
    | 'unique_combination_of_columns'
    | 'accepted_values'
    | 'expression_is_true'
    | 'totals'
  readonly column?: string
  readonly values?: readonly string[]
  /** What must be true of each row. */
  readonly expression?: string
  /** What it compares the model with. */
  readonly reads: readonly Relation[]
  /** The query that gives the bad rows. */
  readonly sql: string
}

/** All that a model promises: its key, its columns, its rows, its sums. */
export const promisesOf = oncePer((model): readonly Promised[] => [
  keyOf(model),
  ...columnsOf(model),
  ...checksOf(model),
])

function keyOf(model: Model): Promised {
  const [column, ...others] = model.grain
  const key = { check: 'key: unique', reads: [], sql: inlined(renderDoubles(model, table(model))) }
  if (column !== undefined && others.length === 0) return { ...key, type: 'unique', column }
  return { ...key, type: 'unique_combination_of_columns' }
}

function columnsOf(model: Model): Promised[] {
  return Object.entries(model.columns).flatMap(([column, { nullable, checks }]) => {
    const value = sql.ref(column)
    const notNull: RowCheck = { name: `${column}: not null`, holds: sql`${value} is not null` }
    const others = checks.map(({ name, holds, accepted }): Promised => {
      const row = rowPromise(model, { name: `${column}: ${name}`, holds: holds(value) })
      if (accepted === undefined) return { ...row, column }
      return { ...row, column, type: 'accepted_values', values: accepted }
    })
    if (nullable) return others
    return [{ ...rowPromise(model, notNull), type: 'not_null', column }, ...others]
  })
}

function checksOf(model: Model): Promised[] {
  return model.checks.map((check) => {
    if ('holds' in check) return rowPromise(model, check)
    const { name, reads } = check
    return { check: name, type: 'totals', reads, sql: inlined(renderTotals(model, check)) }
  })
}

function rowPromise(model: Model, check: RowCheck): Promised {
  return {
    check: check.name,
    type: 'expression_is_true',
    expression: inlined(statement(sql`${check.holds}`)),
    reads: [],
    sql: inlined(renderBadRows(check, table(model))),
  }
}

function table({ name }: Model): RawBuilder<unknown> {
  return sql.table(name)
}

/** Whether a refusal is about this promise. */
export function isAbout({ check }: Promised, error: string): boolean {
  return error === check || error.startsWith(`${check}: `)
}

/** Whether every build looks at it: sums over other marts are compared only when both were built together. */
export function isAlwaysChecked({ reads }: Promised): boolean {
  return reads.every((read) => !isModel(read) || read.kind === 'view')
}
