import { type Kysely, sql } from 'kysely'
import { addDays, type BusinessDate } from '../core/time.ts'
import type { Database } from '../platform/database.ts'

export interface RetentionDeps {
  readonly db: Kysely<Database>
  readonly retentionDays: number
}

/** What is older than it is to be kept. */
export function createRetentionActivities({ db, retentionDays }: RetentionDeps) {
  return {
    /** The days with rows in Postgres that are older than the retention and in no lake. */
    async findExpiredDays({ date }: { date: BusinessDate }): Promise<{
      keepFrom: BusinessDate
      waiting: number
      oldest: BusinessDate | null
    }> {
      const keepFrom = addDays(date, 1 - retentionDays)
      const { rows } = await sql<{ waiting: number; oldest: BusinessDate | null }>`
        select count(*)::integer as waiting, min(business_date)::text as oldest from ops.days as d
         where business_date < ${keepFrom} and archived_at is null
           and exists (select from clean_upi_transactions as c where c.business_date = d.business_date)`.execute(
        db,
      )
      const [found] = rows
      return { keepFrom, waiting: found?.waiting ?? 0, oldest: found?.oldest ?? null }
    },
  }
}
