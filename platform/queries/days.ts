import { type Kysely, sql } from 'kysely'
import type { DailyUpiSummary } from '../../models/marts/daily_upi_summary.ts'
import type { Database } from '../database.ts'

/** How a business day stands. */
export interface DayStatus {
  readonly state: 'open' | 'closed' | 'revised'
  readonly closed_at: Date | null
  readonly revision: number
}

/** Marks a day closed: its figures are final. A day that is closed already keeps the time of its first close. */
export async function markDayClosed(
  db: Kysely<Database>,
  { date, actor }: { readonly date: string; readonly actor: string },
): Promise<void> {
  await db
    .insertInto('ops.days')
    .values({ business_date: date, state: 'closed', closed_at: sql`now()`, closed_by: actor })
    .onConflict((conflict) =>
      conflict
        .column('business_date')
        .doUpdateSet({ state: 'closed', closed_at: sql`now()`, closed_by: actor })
        .where('ops.days.state', '<>', 'closed'),
    )
    .execute()
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
