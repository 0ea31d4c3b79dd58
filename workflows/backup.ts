import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import type { Activities, BackupSummary } from '../activities/index.ts'
import type { BusinessDate } from '../core/time.ts'
import { LONG } from './activity-options.ts'
import { dayThatEnded } from './business-day.ts'
import { UPI_BUSINESS_DATE } from './search-attributes.ts'
import { dayOf, fieldsOf } from './steps/fields-of.ts'

const { takeBackup, removeOldBackups } = proxyActivities<Activities>(LONG)

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
  const asked = fieldsOf(input, ['date', 'again', 'actor'])
  const date = dayOf(asked.date ?? dayThatEnded(Date.now()))
  upsertSearchAttributes([{ key: UPI_BUSINESS_DATE, value: date }])
  setCurrentDetails(`Taking the base backup **${date}**.`)
  const taken = await takeBackup({ date, again: asked.again === true })
  const removed = taken.state === 'made' ? await removeOldBackups() : []
  const mib = Math.ceil(taken.bytes / 2 ** 20)
  const gone = removed.length === 0 ? '' : ` Removed: ${removed.join(', ')}.`
  const is = taken.state === 'made' ? 'is made and verified' : 'was there already'
  setCurrentDetails(`**${taken.name}** ${is}: ${mib} MiB, up to ${taken.stop_lsn}.${gone}`)
  return { ...taken, removed }
}
