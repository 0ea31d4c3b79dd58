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
