import { Context } from '@temporalio/activity'
import type { BusinessDate } from '../core/time.ts'
import type { BackupRecord } from '../platform/backup/backup-folder.ts'
import type { Backups } from '../platform/backup/backups.ts'
import { whileBeating } from './heartbeat.ts'

export interface BackupDeps {
  readonly backups: Backups
}

/** What a run says of a backup. */
export interface BackupSummary
  extends Omit<BackupRecord, 'format' | 'parts' | 'run' | 'checksums'> {
  readonly state: 'made' | 'there'
}

/** What is done to keep base backups. */
export function createBackupActivities({ backups }: BackupDeps) {
  return {
    /** Takes and verifies the base backup of a date; one that is there is enough, unless another is wished. */
    async takeBackup({ date, again }: { date: BusinessDate; again: boolean }) {
      const run = Context.current().info.workflowExecution?.runId ?? ''
      return await whileBeating(async (signal, say): Promise<BackupSummary> => {
        const onProgress = say
        const { state, record } = await backups.take({ date, again, run, signal, onProgress })
        const { format: _, parts: __, run: ___, checksums: ____, ...summary } = record
        return { state, ...summary }
      })
    },

    /** Removes the oldest backups beyond those that are kept; returns their names. */
    async removeOldBackups(): Promise<readonly string[]> {
      return await whileBeating((signal) => backups.removeOld(signal))
    },
  }
}
