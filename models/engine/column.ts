import { type Expression, type SqlBool, sql } from 'kysely'

/** What the driver hands over for each type; counts and money stay text. */
interface Values {
  date: string
  bigint: string
  numeric: string
  text: string
  integer: number
  smallint: number
  boolean: boolean
  timestamptz: Date
  bytea: Buffer
}

type Spelled<Name> = Name extends 'numeric' ? `numeric(${number},${number})` : Name

/** The SQL types whose values are of a TypeScript type. */
export type SqlType<Value = Values[keyof Values]> = Spelled<
  { [Name in keyof Values]: Value extends Values[Name] ? Name : never }[keyof Values]
>

/** What a model promises of a column. A column whose row type has null must say so, and no other may. */
export interface Column<Value = unknown> {
  readonly type: unknown extends Value ? SqlType : SqlType<NonNullable<Value>>
  readonly nullable: unknown extends Value ? boolean : null extends Value ? true : false
  readonly about: string
  readonly checks: readonly ColumnCheck[]
}

/** What must hold for each value of a column that is not null. */
export interface ColumnCheck {
  readonly name: string
  readonly holds: (value: Expression<unknown>) => Expression<SqlBool>
  /** The same in dbt's words, where it has any. */
  readonly accepted?: readonly string[]
}

/** A column whose values are never null. */
export function column<Type extends SqlType>(
  type: Type,
  about: string,
  ...checks: readonly ColumnCheck[]
) {
  return { type, nullable: false, about, checks } as const
}

/** A column that may be null; the sentence says when. */
export function nullable<Type extends SqlType>(
  type: Type,
  about: string,
  ...checks: readonly ColumnCheck[]
) {
  return { type, nullable: true, about, checks } as const
}

/** No value is less. */
export function atLeast(least: number): ColumnCheck {
  return { name: `at least ${least}`, holds: (value) => sql`${value} >= ${sql.lit(least)}` }
}

/** Every value lies within the bounds, or on one. */
export function between(least: number, most: number): ColumnCheck {
  return {
    name: `between ${least} and ${most}`,
    holds: (value) => sql`${value} between ${sql.lit(least)} and ${sql.lit(most)}`,
  }
}

/** Every value is one of these. */
export function oneOf(...accepted: readonly string[]): ColumnCheck {
  return {
    name: `one of ${accepted.map((one) => one || "''").join(', ')}`,
    holds: (value) => sql`${value} in (${sql.join(accepted.map((one) => sql.lit(one)))})`,
    accepted,
  }
}
