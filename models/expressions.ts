import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'

/** A count (bigint) or an amount (numeric), which the driver hands over as text. */
type Digits = string

/** The rows for which all conditions hold. */
export function countWhere(...conditions: Expression<SqlBool>[]): RawBuilder<Digits> {
  return sql<Digits>`count(*) filter (where ${sql.join(conditions, sql` and `)})`
}

/** The different values among the rows for which all conditions hold. */
export function countDistinctWhere(
  value: Expression<unknown>,
  ...conditions: Expression<SqlBool>[]
): RawBuilder<Digits> {
  return sql<Digits>`count(distinct ${value}) filter (where ${sql.join(conditions, sql` and `)})`
}

/** Rupees over the rows for which all conditions hold; 0.00 over none. */
export function sumWhere(
  amount: Expression<string>,
  ...conditions: Expression<SqlBool>[]
): RawBuilder<Digits> {
  const all = sql.join(conditions, sql` and `)
  return sql<Digits>`coalesce(sum(${amount}) filter (where ${all}), 0)::numeric(38, 2)`
}

/** A share as a fraction with six decimals; null of nothing. */
export function rate(
  part: Expression<Digits>,
  whole: Expression<Digits>,
): RawBuilder<Digits | null> {
  return sql<Digits | null>`(${part}::numeric / nullif(${whole}, 0))::numeric(7, 6)`
}

/** Rupees a piece, two decimals; null of nothing. */
export function average(
  amount: Expression<Digits>,
  count: Expression<Digits>,
): RawBuilder<Digits | null> {
  return sql<Digits | null>`round(${amount} / nullif(${count}, 0), 2)::numeric(38, 2)`
}
