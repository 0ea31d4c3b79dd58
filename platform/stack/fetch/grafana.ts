import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { STACK_VERSIONS } from '../settings.ts'
import { fetchOptional } from './absence.ts'
import type { FetchContext, Fetched, Part } from './part.ts'
import { goPlatform, officialRelease, type Release } from './release.ts'
import { findOnPath, runTool } from './run-tool.ts'

const VERSION = STACK_VERSIONS.grafana
/** The first that reads our dashboards. */
const MAJOR_MIN = 11

export const GRAFANA_PART: Part = {
  key: `grafana-${VERSION}`,
  sources: [officialRelease(grafanaRelease('https://dl.grafana.com/oss/release'))],
  fix: `put grafana ${MAJOR_MIN} or newer on PATH (https://grafana.com/grafana/download), or set UPI_GRAFANA_URL`,
}

/** Grafana with its home folder: from PATH, the cache or the official release. */
export async function fetchGrafana(context: FetchContext): Promise<Grafana> {
  const found = await findGrafana(context)
  if (found !== undefined) return found
  const fetched = await fetchOptional(GRAFANA_PART, context)
  const command = [join(fetched.folder, 'bin', 'grafana'), 'server'] as const
  return { version: VERSION, ...fetched, command }
}

/** What was found: its folder is what Grafana calls its home path. */
export interface Grafana extends Fetched {
  readonly command: readonly [string, ...string[]]
}

/** A Grafana on PATH that is new enough and whose home folder is found. */
export async function findGrafana(
  context: Pick<FetchContext, 'env' | 'signal'>,
): Promise<Grafana | undefined> {
  const { env, signal } = context
  for (const [name, ...args] of PROGRAMS) {
    const program = findOnPath(name, env.PATH)
    const folder = program === undefined ? undefined : homeFolder(program)
    if (program === undefined || folder === undefined) continue
    const call = { command: program, args: ['--version'], env, signal }
    const text = await runTool(call).catch(() => '')
    signal.throwIfAborted()
    const version = /version (\d+\.\d+\.\d+)/i.exec(text)?.[1]
    if (Number.parseInt(version ?? '0', 10) < MAJOR_MIN) continue
    return { folder, version: version as string, command: [program, ...args] }
  }
  return undefined
}

// Since version 10 the server is a command of `grafana`; packages still bring the old name too.
const PROGRAMS = [['grafana', 'server'], ['grafana-server']] as const

/** Where its defaults and web pages are: beside the program in an archive, else where packages put them. */
export function homeFolder(program: string): string | undefined {
  const bin = dirname(realpathSync(program))
  const places = [join(bin, '..'), bin, join(bin, '../share/grafana'), '/usr/share/grafana']
  return places.find((place) => existsSync(join(place, 'conf', 'defaults.ini')))
}

/** The release's archive below a host's path. */
export function grafanaRelease(base: string): Release {
  const url = `${base}/grafana-${VERSION}.${goPlatform(process.platform, process.arch)}.tar.gz`
  return { url, sumsUrl: `${url}.sha256`, strip: 1 }
}
