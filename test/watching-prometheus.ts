import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { startGuarded } from './guarded-process.ts'
import { plainEnvironment } from './plain-environment.ts'
import { promtool } from './promtool.ts'
import { readText } from './repository.ts'

/** An alert that fires, as Prometheus tells it. */
export interface Firing {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** A Prometheus that looks every second, with our alerts made hasty. */
export interface WatchingPrometheus {
  firing(): Promise<Firing[]>
  /** Whether an expression gives a series now. */
  knows(expr: string): Promise<boolean>
  stop(): Promise<void>
}

/** What of an expression stands for minutes or hours that no test can wait. */
export type Shortened = Readonly<Record<string, readonly [from: string, to: string]>>

/** Starts it; `targets` are the addresses of each job. */
export async function startPrometheus(
  targets: Readonly<Record<string, readonly string[]>>,
  shortened: Shortened,
): Promise<WatchingPrometheus> {
  await promtool('--version')
  const folder = mkdtempSync(join(tmpdir(), 'upi-prometheus-'))
  const path = (name: string) => join(folder, name)
  writeFileSync(path('rules.yml'), hastyRules(shortened))
  writeFileSync(path('prometheus.yml'), configOf(targets))
  const port = await freePort()
  const args = [
    `--config.file=${path('prometheus.yml')}`,
    `--storage.tsdb.path=${path('data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]
  const server = startGuarded(
    { command: 'prometheus', args, env: plainEnvironment(), cwd: folder },
    { logPath: path('log'), stopSignal: 'KILL' },
  )
  const url = `http://127.0.0.1:${port}`
  await eventually(async () => (await fetch(`${url}/-/ready`)).ok)
  const ask = async <Data>(path: string) => {
    const answer = await fetch(`${url}/api/v1/${path}`)
    return ((await answer.json()) as { data: Data }).data
  }
  return {
    async firing() {
      const { alerts } = await ask<Alerts>('alerts')
      return alerts.filter(({ state }) => state === 'firing')
    },
    async knows(expr) {
      const { result } = await ask<Found>(`query?query=${encodeURIComponent(expr)}`)
      return result.length > 0
    },
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Alerts {
  readonly alerts: readonly (Firing & { readonly state: string })[]
}

interface Found {
  readonly result: readonly object[]
}

function configOf(targets: Parameters<typeof startPrometheus>[0]): string {
  const jobs = Object.entries(targets).map(([job_name, addresses]) => ({
    job_name,
    static_configs: [{ targets: addresses }],
    // How full this machine's own disks are is no fault of the test.
    metric_relabel_configs: [
      { source_labels: ['folder'], regex: 'home|backups|lake', action: 'drop' },
    ],
  }))
  const every = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' }
  return stringify({ global: every, rule_files: ['rules.yml'], scrape_configs: jobs })
}

interface Rule {
  readonly alert?: string
  readonly expr: string
}

const RANGES: Readonly<Record<string, string>> = {
  '1m': '5s',
  '5m': '8s',
  '10m': '20s',
  '1h': '15s',
}

// What has to last for minutes has to last for a second; what is looked back on, some seconds.
function hastyRules(shortened: Shortened): string {
  const { groups } = parse(readText('grafana/prometheus/rules.yml')) as {
    groups: { rules: Rule[] }[]
  }
  const hasty = groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => ({
      ...rule,
      expr: hastyExpr(rule, shortened),
      ...('for' in rule ? { for: '1s' } : {}),
    })),
  }))
  return stringify({ groups: hasty })
}

function hastyExpr({ alert = '', expr }: Rule, shortened: Shortened): string {
  const [from, to] = shortened[alert] ?? ['', '']
  if (!expr.includes(from)) throw new Error(`${alert} does not ask ${from}`)
  return expr
    .replace(from, to)
    .replaceAll(/\[(\w+)\]/g, (_, range) => `[${RANGES[range] ?? range}]`)
}
