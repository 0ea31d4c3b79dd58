import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from './doctor.ts'
import { absenceFile, knownAbsence } from './fetch/absence.ts'
import { findGrafana, GRAFANA_PART } from './fetch/grafana.ts'
import type { FetchContext, Fetched, Part } from './fetch/part.ts'
import { findPrometheus, PROMETHEUS_PART } from './fetch/prometheus.ts'
import type { StackOptions, WatcherName } from './options.ts'

/** What a start will find of Prometheus and Grafana. They can be done without, so it is never a fault. */
export function watcherFindings(options: StackOptions): Promise<Finding>[] {
  const names = options.watchers?.names ?? []
  const local = names.filter((name) => options.external?.[name] === undefined)
  return local.map((name) => finding(name, options))
}

const WATCHERS: Record<WatcherName, { part: Part; find: Find }> = {
  prometheus: { part: PROMETHEUS_PART, find: findPrometheus },
  grafana: { part: GRAFANA_PART, find: findGrafana },
}

type Find = (context: Pick<FetchContext, 'env' | 'signal'>) => Promise<Fetched | undefined>

async function finding(name: WatcherName, { cacheDir, env }: StackOptions): Promise<Finding> {
  const { part, find } = WATCHERS[name]
  const found = await find({ env, signal: new AbortController().signal })
  const said = (text: string) => ({ name, ok: true, text })
  if (found !== undefined) return said(`${name} ${found.version} of PATH, in ${found.folder}`)
  if (existsSync(join(cacheDir, part.key))) return said(`${part.key} is in the cache`)
  const absence = knownAbsence(cacheDir, part.key)
  if (absence === undefined) return said('will be downloaded; without it the rest runs')
  const text = `left out: ${absence.message}`
  return {
    ...said(text),
    fix: `${part.fix}; to ask again today, remove ${absenceFile(cacheDir, part.key)}`,
  }
}
