import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environmentOf } from '../../config.ts'
import { CHECKSUMS_FILE, folderChecksums } from './checksums.ts'
import { copyArtifacts } from './maven.ts'
import { PART_ARTIFACTS } from './parts.ts'

/*
 * Writes checksums.json anew after a version was raised, from what Maven brings (it checks the repository's own
 * checksums): node platform/stack/fetch/pin-checksums.ts, then review the difference.
 */
const cacheDir = mkdtempSync(join(tmpdir(), 'upi-pin-'))
const context = {
  cacheDir,
  env: environmentOf(),
  signal: new AbortController().signal,
  progress: (text: string) => process.stderr.write(`${text}\n`),
}
try {
  const pinned: Record<string, Record<string, string>> = {}
  for (const [key, artifacts] of Object.entries(PART_ARTIFACTS)) {
    const folder = join(cacheDir, key)
    await copyArtifacts(artifacts, folder, context)
    pinned[key] = await folderChecksums(folder)
  }
  writeFileSync(CHECKSUMS_FILE, `${JSON.stringify(pinned, null, 2)}\n`)
} finally {
  rmSync(cacheDir, { recursive: true })
}
