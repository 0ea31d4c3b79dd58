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
  sql,
} from 'kysely'
import { UpiError } from '../../core/errors.ts'

declare const ROW: unique symbol

/** Something that a model may read: a source table or another model. `Row` is known to the compiler only. */
export interface Relation<Row = unknown> {
  readonly name: string
  /** The column that holds the business date; a model built by day reads just that day of it. */
  readonly day: string | undefined
  readonly [ROW]?: Row
}

/** A model as the engine sees it: its query, whose row no longer matters, and its promise. */
export interface Model extends Relation {
  readonly kind: 'view' | 'by day'
  readonly about: string
  /** The columns that tell one row from another. */
  readonly grain: readonly string[]
  readonly columns: Readonly<Record<string, Column>>
  readonly reads: readonly Relation[]
  /** The query: over all days, or over one. */
  compile(day?: string): CompiledQuery
}

/** A model with its name and the row that its query gives. */
export type ModelOf<Name extends string, Row> = Model & Relation<Row> & { readonly name: Name }

/** The row of a model or a source. */
export type RowOf<R> = R extends Relation<infer Row> ? Row : never

/** What a model promises of a column. */
export interface Column {
  readonly about: string
}

/** What a model promises: exactly the columns of its query, each with a sentence. */
export type Contract<Row> = {
  readonly about: string
  readonly grain: readonly ColumnName<Row>[]
  readonly columns: { readonly [Name in ColumnName<Row>]: Column }
} & (
  | { readonly kind: 'view'; readonly day?: ColumnName<Row> }
  | { readonly kind: 'by day'; readonly day: ColumnName<Row> }
)

/** Names an upstream relation in a query; its row type flows on, and the graph learns of it. */
export type Ref = <Row, Alias extends string>(
  relation: Relation<Row>,
  alias: Alias,
) => AliasedExpression<Row, Alias>

type ColumnName<Row> = keyof Row & string
// biome-ignore lint/complexity/noBannedTypes: no table is known but through ref().
type QueryBuilder = Kysely<{}>
type Query<Row> = Expression<Row> & Compilable<Row>

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
    select: <Row>(build: (db: QueryBuilder, ref: Ref) => Query<Row>) => ({
      promise: (contract: Contract<Row>) => makeModel(name, build, contract),
    }),
  }
}

/** Names a table that models read and do not make. */
export function source<Row>(name: string, options: { day?: ColumnName<Row> } = {}): Relation<Row> {
  return { name, day: options.day }
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
  build: (db: QueryBuilder, ref: Ref) => Query<Row>,
  contract: Contract<Row>,
): ModelOf<Name, Row> {
  const reads = readsOf(build)
  const { kind, about, grain, columns, day } = contract
  const compile = (only?: string) => build(COMPILER, refTo(only)).compile()
  if (kind === 'view' && compile().parameters.length > 0) {
    throw new UpiError('MODELS_INVALID', `view ${name} binds values; write them as literals`)
  }
  return { name, kind, about, grain, columns, day, reads, compile }
}

function readsOf(build: (db: QueryBuilder, ref: Ref) => unknown): Relation[] {
  const seen = new Map<string, Relation>()
  build(COMPILER, (relation, alias) => {
    seen.set(relation.name, relation)
    return refTo()(relation, alias)
  })
  return [...seen.values()]
}

function refTo(only?: string): Ref {
  return <Row, Alias extends string>(relation: Relation<Row>, alias: Alias) => {
    const table = sql.table(relation.name)
    if (only === undefined || relation.day === undefined) return sql<Row>`${table}`.as(alias)
    const ofDay = sql`${sql.ref(relation.day)} = ${only}`
    return sql<Row>`(select * from ${table} where ${ofDay})`.as(alias)
  }
}
