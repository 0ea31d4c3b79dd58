import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { UpiError } from '../../../core/errors.ts'
import { sha256 } from './checksums.ts'
import { downloadFile, downloadText } from './download.ts'
import type { FetchContext, Source } from './part.ts'
import { runTool } from './run-tool.ts'

/** A tar archive that its makers publish, and where they publish its checksum. */
export interface Release {
  readonly url: string
  readonly sumsUrl: string
  /** What to unpack, as tar names it; all, unless told. */
  readonly members?: readonly string[]
  /** Folders at the front of each name that are left out. */
  readonly strip?: number
}

/** The official release, checked against the checksum that comes with it. */
export function officialRelease(release: Release): Source {
  return { name: 'official release', fill: (folder, context) => fill(release, folder, context) }
}

async function fill(release: Release, folder: string, context: FetchContext): Promise<void> {
  const { env, signal } = context
  const name = release.url.slice(release.url.lastIndexOf('/') + 1)
  const sums = await downloadText(release.sumsUrl, signal)
  const archive = join(folder, name)
  await downloadFile(release.url, archive, context)
  if ((await sha256(archive)) !== checksumOf(sums, name)) {
    throw new UpiError('CHECKSUM_MISMATCH', `${name} differs from its release's checksum`, {
      fix: 'try again; if it stays so, do not trust the source',
    })
  }
  const { members = [], strip = 0 } = release
  const args = ['-xzf', archive, '-C', folder, `--strip-components=${strip}`, ...members]
  await runTool({ command: 'tar', args, env, signal })
  rmSync(archive)
}

/** A file's line of a checksum list (`<sha256>  <name>`), or the checksum that stands alone. */
export function checksumOf(list: string, name: string): string | undefined {
  const lines = list.split('\n').map((line) => line.trim().split(/\s+/))
  const [only, ...others] = lines.filter(([sum]) => sum !== '')
  if (only?.length === 1 && others.length === 0) return only[0]
  return lines.find(([, file]) => file?.replace(/^\*/, '') === name)?.[0]
}

/** This machine, in the words of Go's releases: linux-amd64. */
export function goPlatform(platform: string, arch: string, between = '-'): string {
  return `${platform}${between}${arch === 'x64' ? 'amd64' : arch}`
}
