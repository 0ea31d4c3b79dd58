import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { UpiError } from '../../core/errors.ts'
import type { Model } from './define-model.ts'
import { columnsOf, type Statement, statement } from './statement.ts'

/** A row of a mart that is not what its query gives. */
export interface Difference {
  readonly key: string
  readonly found: string
  readonly expected: string
}

/** What comparing a mart gives: how many rows its query makes, how many differ, and the first of them. */
export interface Comparison {
  readonly checked: string
  readonly wrong: string
  readonly first: readonly Difference[]
}

/** What is compared: a day, or all keys but those of a query. */
export type Compared = { readonly day: string } | { readonly butKeys: RawBuilder<unknown> }

/** The differences that are told one by one. */
export const DIFFERENCES_SHOWN_MAX = 5

/** Compares what a mart holds with what its query gives now; what differs is told by columns, never by their values. */
export function renderCompare(model: Model, compared: Compared): Statement {
  const isDay = 'day' in compared
  const query = model.compile(isDay ? compared : undefined)
  const columns = columnsOf(Object.keys(model.columns))
  const [ofMart, ofQuery] = isDay
    ? [sql<SqlBool>`${model.day} = ${sql.lit(compared.day)}`, sql<SqlBool>`true`]
    : [notAmong(model, compared.butKeys), notAmong(model, compared.butKeys)]
  const figures = Object.keys(model.columns).filter((column) => !model.grain.includes(column))
  const [first] = model.grain
  const is = (side: string) => sql`${sql.ref(`${side}.${first}`)} is not null`
  const { text, parameters } = statement(sql`with held as materialized (
  select ${columns} from ${sql.table(model.name)} where ${ofMart}
), meant as materialized (
  select ${columns} from (${sql.raw(query.sql)}) as meant where ${ofQuery}
), wrong as (
  select ${keyOf(model)} as key,
    case when not ${is('held')} then 'no row' when not ${is('meant')} then 'a row'
      else concat('another ', ${differing(figures)}) end as found,
    case when not ${is('meant')} then 'none' else 'what its query gives' end as expected
  from held full join meant using (${columnsOf(model.grain)})
  where not ${is('held')} or not ${is('meant')}
    or (${columnsOf(figures, 'held.')}) is distinct from (${columnsOf(figures, 'meant.')})
)
select (select count(*) from meant) as checked, (select count(*) from wrong) as wrong,
  coalesce((select jsonb_agg(w) from (select * from wrong order by key limit ${sql.lit(DIFFERENCES_SHOWN_MAX)}) as w), '[]') as first`)
  // The placeholders of the query are numbered for itself.
  if (parameters.length > 0 && query.parameters.length > 0) {
    throw new UpiError('MODELS_INVALID', `${model.name} binds values; write them as literals`)
  }
  return { text, parameters: [...query.parameters, ...parameters] }
}

function notAmong(model: Model, keys: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql`${sql.ref(model.grain[0] as string)} not in (${keys})`
}

// A merchant is told by a part of its hash: its VPA stays where it is.
function keyOf({ grain }: Model): RawBuilder<unknown> {
  const parts = grain.map((name) =>
    name.startsWith('merchant')
      ? sql`concat('merchant md5 ', left(md5(${sql.ref(name)}), 8))`
      : sql`${sql.ref(name)}::text`,
  )
  return sql`concat_ws(' ', ${sql.join(parts)})`
}

function differing(figures: readonly string[]): RawBuilder<unknown> {
  const names = figures.map(
    (name) =>
      sql`case when ${sql.ref(`held.${name}`)} is distinct from ${sql.ref(`meant.${name}`)} then ${sql.lit(name)} end`,
  )
  return sql`concat_ws(', ', ${sql.join(names)})`
}
