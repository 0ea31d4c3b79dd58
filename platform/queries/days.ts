import type { Kysely } from 'kysely'
import type { DailyUpiSummary } from '../../models/marts/daily_upi_summary.ts'
import type { Database } from '../database.ts'

/** How a business day stands. */
export interface DayStatus {
  readonly state: 'open' | 'closed' | 'revised'
  readonly closed_at: Date | null
  readonly revision: number
}

/** How a day stands; a day of which nothing is known is open. */
export async function readDayStatus(db: Kysely<Database>, date: string): Promise<DayStatus> {
  const row = await db
    .selectFrom('ops.day_status')
    .select(['state', 'closed_at', 'revision'])
    .where('date', '=', date)
    .executeTakeFirst()
  return row ?? { state: 'open', closed_at: null, revision: 0 }
}

/** The figures of a day; undefined for a day without traffic. */
export async function readDailySummary(
  db: Kysely<Database>,
  date: string,
): Promise<DailyUpiSummary | undefined> {
  return await db
    .selectFrom('daily_upi_summary')
    .selectAll()
    .where('date', '=', date)
    .executeTakeFirst()
}

/** Those of the days whose clean rows are in the lake and not in Postgres. */
export async function readArchivedDays(
  db: Kysely<Database>,
  dates: readonly string[],
): Promise<Set<string>> {
  const rows = await db
    .selectFrom('ops.days')
    .select('business_date')
    .where('business_date', 'in', dates)
    .where('archived_at', 'is not', null)
    .execute()
  return new Set(rows.map((row) => row.business_date))
}

/** The days whose last build was refused, and why. */
export async function readRefusals(db: Kysely<Database>): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom('ops.days')
    .select(['business_date', 'error'])
    .where('failed_at', 'is not', null)
    .execute()
  return new Map(rows.map(({ business_date: date, error }) => [date, error ?? 'without a reason']))
}

/** How the last business days that have ended stand. */
export interface Closes {
  readonly days: readonly {
    readonly date: string
    readonly state: 'open' | 'closed' | 'revised'
    readonly failed: boolean
  }[]
  readonly last_closed_at: string | null
}

/** Reads how the last seven days stand of which anything is known, and when a day was last closed. */
export async function readCloses(
  ask: <Row extends object>(sql: string) => Promise<Row[]>,
): Promise<Closes> {
  const rows = await ask<Closes['days'][number] & { at: Date | null }>(CLOSES)
  return {
    days: rows
      .filter(({ date }) => date !== null)
      .map(({ date, state, failed }) => ({ date, state, failed })),
    last_closed_at: rows[0]?.at?.toISOString() ?? null,
  }
}

/** A day with rows is known by its marks until it is built, and by the ledger ever after. */
export const KNOWN_DAYS = `
    select business_date as day from ops.model_days
    union select business_date from ops.dirty_keys
    union select business_date from ops.days`

const CLOSES = `
  with today as (select (now() at time zone 'Asia/Kolkata')::date as day),
  known as (${KNOWN_DAYS})
  select known.day as date, coalesce(d.state, 'open') as state, d.failed_at is not null as failed, closed.at
  from (select max(closed_at) as at from ops.days) as closed
  cross join today
  left join known on known.day < today.day and known.day >= today.day - 7
  left join ops.days as d on d.business_date = known.day
  order by known.day desc`
