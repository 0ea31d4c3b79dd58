import { dirname } from 'node:path'
import { STACK_VERSIONS } from '../settings.ts'
import { type FetchContext, type Fetched, fetchPart, type Part, type Source } from './part.ts'
import { goPlatform, officialRelease } from './release.ts'
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

/** The official release below a host's path. */
export function releaseAt(host: string): Source {
  const base = `${host}/v${VERSION}`
  const url = `${base}/${archiveName(process.platform, process.arch)}`
  return officialRelease({ url, sumsUrl: `${base}/checksums.txt`, members: ['temporal'] })
}

/** The release's file for a machine. */
export function archiveName(platform: string, arch: string): string {
  return `temporal_cli_${VERSION}_${goPlatform(platform, arch, '_')}.tar.gz`
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
