import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UpiError } from '../core/errors.ts'
import type { BackupRecord } from '../platform/backup/backup-folder.ts'
import { restoreBackup } from '../platform/backup/restore-backup.ts'
import { environmentOf, loadConfig } from '../platform/config.ts'
import { dataFolder, dataOwner } from '../platform/stack/index.ts'

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

/** Where the data is to be: in a folder, or in a home of the local stack. */
export function restoreTarget({ to, home }: { to?: string; home?: string }): string {
  if ((to === undefined) === (home === undefined)) {
    throw new UpiError('OPTION_INVALID', 'give either --to or --home')
  }
  if (home === undefined) return to as string
  // Its passwords and the key of the VPAs' tokens belong to the data, and are in no backup.
  if (!existsSync(join(home, 'secrets.json'))) {
    throw new UpiError('RESTORE_REFUSED', `${home} has no secrets.json, which no backup holds`, {
      fix: 'copy it there from the home that the backup is of',
    })
  }
  return dataFolder(home)
}
