import type { ColumnType } from 'kysely'

/** timestamptz: a Date is for display, it drops microseconds; what is compared or stored again stays in SQL. */
export type Instant = ColumnType<Date, Date | string, Date | string>
export type InstantByDefault = ColumnType<Date, Date | string | undefined, Date | string>
export type MaybeInstant = ColumnType<
  Date | null,
  Date | string | null | undefined,
  Date | string | null
>

/** date, as 'YYYY-MM-DD'. */
export type Day = string

/** numeric: never a float. */
export type Money = string
export type Rate = string | null

/** int8, which JavaScript's number does not hold. */
export type Big = ColumnType<string, string | number | bigint, string | number | bigint>
export type BigByDefault = ColumnType<
  string,
  string | number | bigint | undefined,
  string | number | bigint
>
export type MaybeBig = ColumnType<
  string | null,
  string | number | bigint | null | undefined,
  string | number | bigint | null
>

/** An identity column: Postgres gives the value. */
export type Identity = ColumnType<string, never, never>

/** A column that may be left out of an insert because it is null or has a default. */
export type Optional<T> = ColumnType<T, T | undefined, T>

/** jsonb: written as JSON text, read as a value. */
export type Json = ColumnType<unknown, string, string>
export type JsonByDefault = ColumnType<unknown, string | undefined, string>
export type MaybeJson = ColumnType<unknown, string | null | undefined, string | null>

/** A column of a view. */
export type ReadOnly<T> = ColumnType<T, never, never>
