import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { by, type FactReader } from './fact-reader.ts'

/** How full the disks are on which the folders of this process lie, by what the folders are called. */
export function diskFacts(folders: Readonly<Record<string, string | undefined>>): FactReader {
  const known = Object.entries(folders).flatMap(([name, path]) =>
    path === undefined ? [] : [{ name, path }],
  )
  return {
    fact: 'disk',
    async read() {
      const disks = await Promise.all(
        known.map(async ({ name, path }) => ({ name, ...(await statfs(nearest(path))) })),
      )
      return {
        upi_disk_free_bytes: by(
          disks,
          'folder',
          ({ name }) => name,
          ({ bavail, bsize }) => bavail * bsize,
        ),
        upi_disk_size_bytes: by(
          disks,
          'folder',
          ({ name }) => name,
          ({ blocks, bsize }) => blocks * bsize,
        ),
      }
    },
  }
}

// A folder that is made when it is first needed will lie where the one above it does.
function nearest(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path))
}
