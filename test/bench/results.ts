import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { CHECKOUT } from '../../platform/config.ts'
import { STACK_VERSIONS } from '../../platform/stack/index.ts'
import { withClient } from '../template.ts'
import type { BenchPlaces } from './bench-places.ts'

/** The middle of repeated measurements, and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** What a result is worth nothing without. */
export interface Circumstances {
  readonly date: string
  readonly commit: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memory_gib: number
    readonly kernel: string
    /** Runnable processes over the last minute, when the bench began: others were at work above 1. */
    readonly load: number
  }
  /** Workers on other databases of the same server: their work is in its figures. */
  readonly other_streams: number
  readonly versions: { readonly node: string; readonly postgres: string; readonly kafka: string }
}

/** Describes the machine, the versions and the checkout. */
export async function readCircumstances(places: BenchPlaces): Promise<Circumstances> {
  const server = await withClient(places.servers.config.databaseUrl, async (client) => {
    const { rows } = await client.query<{ version: string; streams: string }>(
      `select current_setting('server_version') as version,
              count(distinct datname) filter (where application_name = 'upi-stream') as streams
         from pg_stat_activity`,
    )
    return rows[0]
  })
  return {
    date: new Date().toISOString(),
    commit: commitOf(CHECKOUT),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memory_gib: Math.round(totalmem() / 1024 ** 3),
      kernel: release(),
      load: Number((loadavg()[0] ?? 0).toFixed(1)),
    },
    other_streams: Number(server?.streams ?? 0),
    versions: {
      node: process.versions.node,
      postgres: server?.version.split(' ')[0] ?? '',
      kafka: STACK_VERSIONS.kafka,
    },
  }
}

/** Writes a result for machines and for people. */
export function writeResults(name: string, result: object, page: string): string {
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
  writeFileSync(join(folder, `${name}.md`), page)
  return join('test/bench/results', `${name}.md`)
}

/** The lines that tell where and when a result was measured. */
export function circumstancesText(circumstances: Circumstances): string {
  const { date, commit, machine, versions, other_streams: others } = circumstances
  const { cpu, cores, memory_gib, kernel, load } = machine
  return [
    `${cpu}, ${cores} cores, ${memory_gib} GiB, Linux ${kernel}; load before ${load}${others > 0 ? `, ${others} other streams at work` : ''}.`,
    `Node ${versions.node}, Postgres ${versions.postgres}, Kafka ${versions.kafka}; commit ${commit}, ${date.slice(0, 10)}.`,
  ].join('\n')
}

/** The middle of some values and their bounds. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN
  const isEven = sorted.length % 2 === 0
  const half = sorted.length / 2
  const median = isEven ? ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2 : at(0.5)
  return { median, least: at(0), most: at(1) }
}

function commitOf(folder: string): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    // The results of another bench are no change of what is measured.
    const changes = git('status', '--porcelain', '-uno', '--', '.', ':!test/bench/results')
    return `${git('rev-parse', '--short', 'HEAD')}${changes !== '' ? ' with changes' : ''}`
  } catch {
    return 'unknown'
  }
}
