import { type Config, need } from '../config.ts'
import { removeOld } from './backup-folder.ts'
import { type BackupWish, type TakenBackup, takeBackup } from './take-backup.ts'

/** The base backups of this platform, in the folder that its settings name. */
export interface Backups {
  take(wish: BackupWish): Promise<TakenBackup>
  /** Removes the oldest beyond those that are kept; returns their names. */
  removeOld(signal: AbortSignal): Promise<string[]>
}

/** Backups by the settings; those that are missing are asked for when a backup is. */
export function createBackups(config: Config): Backups {
  return {
    take: (wish) => takeBackup(need(config, 'backupDatabaseUrl', 'backupDir'), wish),
    removeOld: async (signal) =>
      await removeOld(need(config, 'backupDir').backupDir, config.backupsKept, signal),
  }
}
