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

/** Text of a key, which has no null. */
export function orEmpty<Text extends string>(text: Expression<Text | null>): RawBuilder<Text | ''> {
  return sql<Text | ''>`coalesce(${text}, '')`
}

/** A moment as India's clocks show it. Named by its offset, which never changes, the zone costs half the time. */
export function indianTime(at: Expression<Date>): RawBuilder<unknown> {
  return sql`(${at} at time zone interval '05:30')`
}

/** Groups each payment twice in one scan: under its payer's part and under its payee's. */
export function sidesGrouped(
  date: Expression<string>,
  payers: Expression<string>,
  payees: Expression<string>,
): RawBuilder<unknown> {
  return sql`grouping sets ((${date}, ${payers}), (${date}, ${payees}))`
}

/** The part that such a group stands for. */
export function whoOf(payers: Expression<string>, payees: Expression<string>): RawBuilder<string> {
  return sql<string>`case grouping(${payers}) when 0 then ${payers} else ${payees} end`
}

/** Which party of the payments that is. */
export function sideOf(payers: Expression<string>): RawBuilder<'payer' | 'payee'> {
  return sql<'payer' | 'payee'>`case grouping(${payers}) when 0 then 'payer' else 'payee' end`
}
