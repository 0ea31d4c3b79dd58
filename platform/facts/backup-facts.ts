import { listBackups } from '../backup/backup-folder.ts'
import { type Ask, askOne, type FactReader } from './fact-reader.ts'

/** How old the newest whole backup is. */
export function backupFacts(ask: Ask, dir: string): FactReader {
  return {
    fact: 'backups',
    async read() {
      const newest = listBackups(dir).findLast(({ record }) => record !== undefined)?.record
      const since = newest?.began_at ?? (await askOne<{ at: string }>(ask, MADE)).at
      return { upi_backup_age_seconds: [[(Date.now() - Date.parse(since)) / 1000]] }
    },
  }
}

const MADE = 'select min("timestamp") as at from ops.migrations'
