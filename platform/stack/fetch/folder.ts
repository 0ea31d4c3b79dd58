import { lstatSync, readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** The bytes of all files below a folder. */
export function folderBytes(folder: string): number {
  return filesBelow(folder).reduce((sum, path) => sum + lstatSync(path).size, 0)
}

/** Forces all files below a folder to the disk, so that a power loss cannot leave a name without its content. */
export async function syncFolder(folder: string): Promise<void> {
  for (const path of filesBelow(folder)) {
    const file = await open(path, 'r')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
