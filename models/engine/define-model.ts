import {
  type AliasedExpression,
  type Compilable,
  type CompiledQuery,
  DummyDriver,
  type Expression,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  type SqlBool,
  sql,
} from 'kysely'
import { UpiError } from '../../core/errors.ts'
import type { Column } from './column.ts'

declare const ROW: unique symbol

/** Something that a model may read: a source table or another model. `Row` is known to the compiler only. */
export interface Relation<Row = unknown> {
  readonly name: string
  /** The business date of a row, as SQL over its columns; a model built by day reads just that day of it. */
  readonly day: RawBuilder<string> | undefined
  readonly [ROW]?: Row
}

export type Kind = 'view' | 'by day' | 'by key' | 'table'

/** A model as the engine sees it: its query, whose row no longer matters, and its promise. */
export interface Model extends Relation {
  readonly kind: Kind
  readonly about: string
  readonly tags: readonly string[]
  /** The columns that tell one row from another. */
  readonly grain: readonly string[]
  /** The column that holds the day, if it is one, for the index by which a day is found. */
  readonly dayColumn: string | undefined
  readonly columns: Readonly<Record<string, Column>>
  readonly reads: readonly Relation[]
  readonly follows: Followed | undefined
  readonly checks: readonly Check[]
  /** The query over all there is, over one day, or over the keys that a table lists. */
  compile(scope?: Scope): CompiledQuery
}

/** The mart whose changed rows say which keys of a `by key` model are stale. */
export interface Followed {
  readonly mart: Relation
  /** Its column that holds the key. */
  readonly by: string
}

/** What a query is limited to. */
export type Scope = { readonly day: string } | { readonly keysIn: string }

/** What a model promises beyond its columns. */
export type Check = RowCheck | TotalsCheck

/** What holds for each row. */
export interface RowCheck {
  readonly name: string
  readonly holds: Expression<SqlBool>
}

/** Sums that another path must give too: from clean, or from a mart built with this one. */
export interface TotalsCheck {
  readonly name: string
  readonly columns: readonly string[]
  readonly reads: readonly Relation[]
  /** One row of totals, over all days or over one. */
  totals(scope?: Scope): Expression<unknown>
}

/** A model with its name and the row that its query gives. */
export type ModelOf<Name extends string, Row> = Model & Relation<Row> & { readonly name: Name }

/** The row of a model or a source. */
export type RowOf<R> = R extends Relation<infer Row> ? Row : never

type ColumnName<Row> = keyof Row & string
/** A column without null: only such a one tells rows apart, or says which day a row is of. */
type KeyName<Row> = {
  [Name in ColumnName<Row>]: null extends Row[Name] ? never : Name
}[ColumnName<Row>]
type Of<Row> = <Name extends ColumnName<Row>>(column: Name) => RawBuilder<Row[Name]>
// biome-ignore lint/complexity/noBannedTypes: no table is known but through ref().
type QueryBuilder = Kysely<{}>
type Query<Row> = Expression<Row> & Compilable<Row>
type Build<Row> = (db: QueryBuilder, ref: Ref) => Query<Row>

/** Names an upstream relation in a query; its row type flows on, and the graph learns of it. */
export type Ref = <Row, Alias extends string>(
  relation: Relation<Row>,
  alias: Alias,
) => AliasedExpression<Row, Alias>

/** What a model promises: exactly the columns of its query, each with type and sentence; its key; what must hold. */
export type Contract<Row> = {
  readonly about: string
  readonly tags?: readonly string[]
  readonly grain: readonly [KeyName<Row>, ...KeyName<Row>[]]
  readonly columns: { readonly [Name in ColumnName<Row>]: Column<Row[Name]> }
  readonly checks?: readonly PromisedCheck<Row>[]
} & (
  | { readonly kind: 'view'; readonly day?: KeyName<Row> }
  | {
      readonly kind: 'by day'
      /** The column with the business date, or the business date of a row whose key is another one. */
      readonly day: KeyName<Row> | ((of: Of<Row>) => RawBuilder<string>)
    }
  /** The key is the first column of the grain. */
  | { readonly kind: 'by key'; readonly follows: Followed }
  | { readonly kind: 'table' }
)

export type PromisedCheck<Row> =
  | { readonly name: string; readonly holds: (of: Of<Row>) => Expression<SqlBool> }
  | {
      readonly name: string
      readonly columns: readonly ColumnName<Row>[]
      readonly totals: (db: QueryBuilder, ref: Ref) => Query<unknown>
    }

/**
 * Defines a model: `model(name).select(query).promise(contract)`. The row is inferred from the query, and the
 * contract must then describe exactly its columns.
 *
 *     export const daily_txns = model('daily_txns')
 *       .select((db, ref) => db.selectFrom(ref(stg_upi_transactions, 't')).select(…).groupBy('t.txn_date'))
 *       .promise({ kind: 'by day', day: 'date', grain: ['date'], about: …, columns: … })
 */
export function model<Name extends string>(name: Name) {
  return {
    select: <Row>(build: Build<Row>) => ({
      promise: (contract: Contract<Row>) => makeModel(name, build, contract),
    }),
  }
}

/** Names a table that models read and do not make. */
export function source<Row>(name: string, options: { day?: ColumnName<Row> } = {}): Relation<Row> {
  return { name, day: options.day === undefined ? undefined : sql.ref<string>(options.day) }
}

/** A mart that a `by key` model follows, by the column that holds its key. */
export function follow<Row>(mart: Relation<Row>, by: ColumnName<Row>): Followed {
  return { mart, by }
}

/** Whether a relation is a model, and not a source. */
export function isModel(relation: Relation): relation is Model {
  return 'compile' in relation
}

/** A query builder without a database: queries are text until `execute` runs them. */
export const COMPILER: QueryBuilder = new Kysely({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

function makeModel<Name extends string, Row>(
  name: Name,
  build: Build<Row>,
  contract: Contract<Row>,
): ModelOf<Name, Row> {
  const { kind, about, tags = [], grain, columns } = contract
  const follows = contract.kind === 'by key' ? contract.follows : undefined
  const compile = (scope?: Scope) => build(COMPILER, refTo(scope, follows)).compile()
  const day = 'day' in contract ? contract.day : undefined
  const fault =
    nameFault(name) ??
    (kind === 'view' && compile().parameters.length > 0
      ? `view ${name} binds values; write them as literals`
      : undefined) ??
    (typeof day === 'string' && typeOf(contract, day) !== 'date'
      ? `column ${day} of ${name} is no date`
      : undefined) ??
    (kind === 'by key' && grain.length !== 1
      ? `${name} is built by key, and its key is not one column`
      : undefined)
  if (fault !== undefined) throw new UpiError('MODELS_INVALID', fault)
  return {
    name,
    kind,
    about,
    tags,
    grain,
    columns: columns as Model['columns'],
    day: typeof day === 'function' ? day(columnOf) : day && sql.ref<string>(day),
    dayColumn: typeof day === 'string' ? day : undefined,
    reads: readsOf(build),
    follows,
    checks: (contract.checks ?? []).map((check) => makeCheck(check, follows)),
    compile,
  }
}

// Postgres cuts names at 63 bytes, and temporary tables put a word before them.
const NAME_CHARS_MAX = 50

function nameFault(name: string): string | undefined {
  if (/^[a-z][a-z0-9_]*$/.test(name) && name.length <= NAME_CHARS_MAX) return undefined
  return `'${name}' is no name of a model: small letters, digits and _, ${NAME_CHARS_MAX} at most`
}

function typeOf<Row>({ columns }: Contract<Row>, name: string): string | undefined {
  return (columns as Readonly<Record<string, Column>>)[name]?.type
}

function makeCheck<Row>(check: PromisedCheck<Row>, follows?: Followed): Check {
  if ('holds' in check) return { name: check.name, holds: check.holds(columnOf) }
  const { name, columns, totals } = check
  const of = (scope?: Scope) => totals(COMPILER, refTo(scope, follows))
  return { name, columns, reads: readsOf(totals), totals: of }
}

function columnOf<Value>(name: string): RawBuilder<Value> {
  return sql.ref<Value>(name)
}

function readsOf(build: (db: QueryBuilder, ref: Ref) => unknown): Relation[] {
  const seen = new Map<string, Relation>()
  build(COMPILER, (relation, alias) => {
    seen.set(relation.name, relation)
    return refTo()(relation, alias)
  })
  return [...seen.values()]
}

function refTo(scope?: Scope, follows?: Followed): Ref {
  return <Row, Alias extends string>(relation: Relation<Row>, alias: Alias) => {
    const table = sql.table(relation.name)
    const limit = limitOf(relation, scope, follows)
    if (limit === undefined) return sql<Row>`${table}`.as(alias)
    return sql<Row>`(select * from ${table} where ${limit})`.as(alias)
  }
}

function limitOf(relation: Relation, scope?: Scope, follows?: Followed) {
  if (scope === undefined) return undefined
  if ('day' in scope) return relation.day && sql`${relation.day} = ${scope.day}`
  if (relation.name !== follows?.mart.name) return undefined
  return sql`${sql.ref(follows.by)} in (select key from ${sql.table(scope.keysIn)})`
}
