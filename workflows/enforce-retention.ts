import { proxyActivities, setCurrentDetails } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import type { BusinessDate } from '../core/time.ts'
import { SHORT } from './activity-options.ts'
import { dayThatEnded } from './business-day.ts'
import { dayOf, fieldsOf } from './steps/fields-of.ts'

const { findExpiredDays } = proxyActivities<Activities>(SHORT)

export interface EnforceRetentionInput {
  /** The business day from which UPI_RETENTION_DAYS are counted back; by default the day that ended. */
  readonly date?: BusinessDate
  /** Who asks. */
  readonly actor?: string
}

export interface EnforceRetentionResult {
  /** The oldest day that is to be kept in Postgres. */
  readonly keepFrom: BusinessDate
  /** Older days with rows in Postgres that are in no lake yet: they are kept. */
  readonly waiting: number
  readonly oldest: BusinessDate | null
}

/**
 * Tells which days are older than UPI_RETENTION_DAYS. Rows leave Postgres only once they are in the lake: until there is
 * one, nothing is removed, and the schedule is paused. Id: `enforce-retention/<date>`.
 */
export async function enforceRetention(
  input?: EnforceRetentionInput | null,
): Promise<EnforceRetentionResult> {
  const asked = fieldsOf(input, ['date', 'actor'])
  const date = dayOf(asked.date ?? dayThatEnded(Date.now()))
  const expired = await findExpiredDays({ date })
  const { keepFrom, waiting } = expired
  setCurrentDetails(`${waiting} days before **${keepFrom}** wait for the lake; none is removed.`)
  return expired
}
