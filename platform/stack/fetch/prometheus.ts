import { dirname } from 'node:path'
import { STACK_VERSIONS } from '../settings.ts'
import { fetchOptional } from './absence.ts'
import type { FetchContext, Fetched, Part } from './part.ts'
import { goPlatform, officialRelease, type Release } from './release.ts'
import { findOnPath, runTool } from './run-tool.ts'

const VERSION = STACK_VERSIONS.prometheus

export const PROMETHEUS_PART: Part = {
  key: `prometheus-${VERSION}`,
  sources: [
    officialRelease(
      prometheusRelease('https://github.com/prometheus/prometheus/releases/download'),
    ),
  ],
  fix: 'put prometheus on PATH (Debian: apt install prometheus), or set UPI_PROMETHEUS_URL',
}

/** Prometheus: from PATH, the cache or the official release. */
export async function fetchPrometheus(context: FetchContext): Promise<Fetched> {
  const found = await findPrometheus(context)
  return found ?? { version: VERSION, ...(await fetchOptional(PROMETHEUS_PART, context)) }
}

/** A `prometheus` on PATH, of any version that knows our flags. */
export async function findPrometheus(
  context: Pick<FetchContext, 'env' | 'signal'>,
): Promise<Fetched | undefined> {
  const { env, signal } = context
  const command = findOnPath('prometheus', env.PATH)
  if (command === undefined) return undefined
  const text = await runTool({ command, args: ['--version'], env, signal }).catch(() => '')
  signal.throwIfAborted()
  const version = /version (\d+\.\d+\.\d+)/.exec(text)?.[1]
  return version === undefined ? undefined : { folder: dirname(command), version }
}

/** The release's archive below a host's path. */
export function prometheusRelease(base: string): Release {
  const name = `prometheus-${VERSION}.${goPlatform(process.platform, process.arch)}`
  const folder = `${base}/v${VERSION}`
  return {
    url: `${folder}/${name}.tar.gz`,
    sumsUrl: `${folder}/sha256sums.txt`,
    // The rest is promtool and two hundred megabytes.
    members: [`${name}/prometheus`],
    strip: 1,
  }
}
