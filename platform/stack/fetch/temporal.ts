import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UpiError } from '../../../core/errors.ts'
import { STACK_VERSIONS } from '../settings.ts'
import { sha256 } from './checksums.ts'
import { downloadFile, downloadText } from './download.ts'
import { type FetchContext, type Fetched, fetchPart, type Part, type Source } from './part.ts'
import { findOnPath, runTool } from './run-tool.ts'

const VERSION = STACK_VERSIONS.temporal

/** The Temporal CLI with its server: from PATH, the cache, the official release, or built by Go. */
export async function fetchTemporal(context: FetchContext): Promise<Fetched> {
  const found = await findTemporal(context)
  return found ?? { version: VERSION, ...(await fetchPart(TEMPORAL_PART, context)) }
}

/** A `temporal` on PATH of the pinned minor version. */
export async function findTemporal(
  context: Pick<FetchContext, 'env' | 'signal'>,
): Promise<Fetched | undefined> {
  const { env, signal } = context
  const command = findOnPath('temporal', env.PATH)
  if (command === undefined) return undefined
  const text = await runTool({ command, args: ['--version'], env, signal }).catch(() => '')
  signal.throwIfAborted()
  const version = pinnedMinorOf(text)
  return version === undefined ? undefined : { folder: dirname(command), version }
}

/**
 * The version in what `temporal --version` prints, if it is of the pinned minor. A build by Go calls itself
 * 0.0.0-DEV; the server it contains tells.
 */
export function pinnedMinorOf(text: string): string | undefined {
  const match = /version (\S+) \(Server (\S+?),/.exec(text)
  const [cli, server] = [match?.[1] ?? '', match?.[2] ?? '']
  const minor = VERSION.replace(/\.\d+$/, '.')
  if (cli.startsWith(minor)) return cli
  return cli === '0.0.0-DEV' && server.startsWith(SERVER_MINOR) ? VERSION : undefined
}

const SERVER_MINOR = '1.29.'

export const TEMPORAL_PART: Part = {
  key: `temporal-${VERSION}`,
  sources: [
    releaseAt('https://github.com/temporalio/cli/releases/download'),
    { name: 'go install', fill: installByGo },
  ],
  fix: `install Go 1.25 or newer with access to a module proxy, or put temporal ${VERSION} on PATH`,
}

/** The official release, checked against the checksums that come with it. */
export function releaseAt(host: string): Source {
  const base = `${host}/v${VERSION}`
  return {
    name: 'official release',
    fill: (folder, context) => downloadRelease(base, folder, context),
  }
}

async function downloadRelease(base: string, folder: string, context: FetchContext) {
  const name = archiveName(process.platform, process.arch)
  const sums = await downloadText(`${base}/checksums.txt`, context.signal)
  const archive = join(folder, name)
  await downloadFile(`${base}/${name}`, archive, context)
  if ((await sha256(archive)) !== checksumOf(sums, name)) {
    throw new UpiError('CHECKSUM_MISMATCH', `${name} differs from its release's checksum`, {
      fix: 'try again; if it stays so, do not trust the source',
    })
  }
  const { env, signal } = context
  const args = ['-xzf', archive, '-C', folder, 'temporal']
  await runTool({ command: 'tar', args, env, signal })
  rmSync(archive)
}

/** The release's file for a machine. */
export function archiveName(platform: string, arch: string): string {
  return `temporal_cli_${VERSION}_${platform}_${arch === 'x64' ? 'amd64' : arch}.tar.gz`
}

/** One file's line of a checksum list (`<sha256>  <name>`). */
export function checksumOf(list: string, name: string): string | undefined {
  const lines = list.split('\n').map((line) => line.trim().split(/\s+/))
  return lines.find(([, file]) => file === name)?.[0]
}

// From v1.6.0 on a replace directive forbids this. Go checks each module against its checksum database.
async function installByGo(folder: string, context: FetchContext): Promise<void> {
  const command = findOnPath('go', context.env.PATH)
  if (command === undefined) throw new Error('go is not on PATH')
  const began = Date.now()
  const clock = setInterval(() => {
    context.progress(`go install, ${Math.round((Date.now() - began) / 1000)} s of some 160`)
  }, 1_000)
  try {
    const module = 'github.com/temporalio/cli'
    const flags = `-s -w -X ${module}/temporalcli.Version=${VERSION}`
    const args = ['install', '-ldflags', flags, `${module}/cmd/temporal@v${VERSION}`]
    const env = { ...context.env, CGO_ENABLED: '0', GOBIN: folder }
    await runTool({ command, args, env, cwd: folder, signal: context.signal })
  } finally {
    clearInterval(clock)
  }
}
