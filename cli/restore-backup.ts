import type { BackupRecord } from '../platform/backup/backup-folder.ts'
import { restoreBackup } from '../platform/backup/restore-backup.ts'
import { environmentOf, loadConfig } from '../platform/config.ts'
import { dataOwner } from '../platform/stack/index.ts'

/** Restores a backup for whoever will run Postgres on this machine. */
export async function restoreTo(
  folder: string,
  target: string,
  following: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<BackupRecord> {
  const { checkout } = loadConfig()
  const { signal } = following
  const owner = await dataOwner(target, { checkout, env: environmentOf(), signal })
  return await restoreBackup({ folder, target, owner, ...following })
}
