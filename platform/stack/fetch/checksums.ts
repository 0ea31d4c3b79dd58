import { createHash } from 'node:crypto'
import { createReadStream, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { UpiError } from '../../../core/errors.ts'

/** File names with their SHA-256, per part. */
export type Checksums = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The pinned checksums, written by `pin-checksums.ts`. */
export function pinnedChecksums(): Checksums {
  return JSON.parse(readFileSync(CHECKSUMS_FILE, 'utf8')) as Checksums
}

export const CHECKSUMS_FILE = new URL('../checksums.json', import.meta.url)

/** Refuses a folder unless it holds exactly the files that are pinned, byte for byte. */
export async function verifyFolder(folder: string, part: string): Promise<void> {
  const found = await folderChecksums(folder)
  const pinned = pinnedChecksums()[part] ?? {}
  const wrong = compareChecksums(pinned, found)
  if (wrong.length === 0) return
  throw new UpiError('CHECKSUM_MISMATCH', `${part} is not what was pinned: ${wrong.join(', ')}`, {
    fix: 'remove these files from ~/.m2/repository and try again; if it stays so, do not trust the source',
  })
}

/** What differs between the pinned files and those found, for people. */
export function compareChecksums(
  pinned: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): string[] {
  const names = [...new Set([...Object.keys(pinned), ...Object.keys(found)])].sort()
  return names
    .filter((name) => pinned[name] !== found[name])
    .map((name) => {
      if (pinned[name] === undefined) return `${name} is not expected`
      return found[name] === undefined ? `${name} is missing` : `${name} differs`
    })
}

/** The SHA-256 of each file in a folder. */
export async function folderChecksums(folder: string): Promise<Record<string, string>> {
  const names = readdirSync(folder).sort()
  const sums = await Promise.all(names.map((name) => sha256(join(folder, name))))
  return Object.fromEntries(names.map((name, index) => [name, sums[index] as string]))
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
