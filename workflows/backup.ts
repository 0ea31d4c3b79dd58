import {
  ApplicationFailure,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import type { Activities, BackupSummary } from '../activities/index.ts'
import { type BusinessDate, isDate } from '../core/time.ts'
import { LONG, SHORT } from './activity-options.ts'
import { dayThatEnded } from './business-day.ts'
import { UPI_BUSINESS_DATE } from './search-attributes.ts'
import { fieldsOf } from './steps/fields-of.ts'

const { takeBackup } = proxyActivities<Activities>(LONG)
const { removeOldBackups } = proxyActivities<Activities>(SHORT)

export interface BackupInput {
  /** The name of the backup: by default the business day that ended. What it holds is always the cluster as it is now. */
  readonly date?: BusinessDate
  /** One more, though one of this date is there. */
  readonly again?: boolean
  /** Who asks. */
  readonly actor?: string
}

export interface BackupResult extends BackupSummary {
  /** The old backups that have gone. */
  readonly removed: readonly string[]
}

/**
 * Takes a base backup of the Postgres cluster into the worker's UPI_BACKUP_DIR, verifies it, and then removes the
 * oldest beyond UPI_BACKUPS_KEPT. Id: `backup/<date>`.
 */
export async function backup(input?: BackupInput | null): Promise<BackupResult> {
  const { date = dayThatEnded(Date.now()), again } = fieldsOf(input, ['date', 'again', 'actor'])
  if (!isDate(date)) {
    throw ApplicationFailure.nonRetryable(
      `'${date}' is not a day such as 2026-02-01`,
      'OPTION_INVALID',
    )
  }
  upsertSearchAttributes([{ key: UPI_BUSINESS_DATE, value: date }])
  setCurrentDetails(`Taking the base backup **${date}**.`)
  const taken = await takeBackup({ date, again: again === true })
  const removed = taken.state === 'made' ? await removeOldBackups() : []
  const mib = Math.ceil(taken.bytes / 2 ** 20)
  const gone = removed.length === 0 ? '' : ` Removed: ${removed.join(', ')}.`
  const is = taken.state === 'made' ? 'is made and verified' : 'was there already'
  setCurrentDetails(`**${taken.name}** ${is}: ${mib} MiB, up to ${taken.stop_lsn}.${gone}`)
  return { ...taken, removed }
}
