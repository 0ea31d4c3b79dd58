import type { Command } from 'commander'
import pg from 'pg'
import { type Config, loadConfig, need } from '../../platform/config.ts'
import { createKafka } from '../../platform/kafka.ts'
import { secureUrl } from '../../platform/postgres.ts'
import {
  type ComponentState,
  type Resources,
  readState,
  resourcesOf,
  type StackState,
} from '../../platform/stack/index.ts'
import { readStreamStatus, type StreamStatus } from '../../platform/stream-status.ts'
import { createLogger } from '../../platform/telemetry.ts'
import { newCommand } from '../command.ts'
import { formatBytes, formatSpan, paint, print, printJson, tableLines } from '../output.ts'

const WATCH_EVERY_MS = 1_000
const ASK_TIMEOUT_MS = 3_000
const REDRAW = '\u001b[H\u001b[J'

interface Status {
  readonly ready: boolean
  readonly phase: string
  readonly home: string
  readonly components: readonly ComponentStatus[]
  /** What starts the others and looks after them; null when nothing runs. */
  readonly supervisor: SupervisorStatus | null
  readonly stream: StreamStatus | null
}

interface ComponentStatus {
  readonly name: string
  readonly state: string
  readonly pid: number | null
  readonly address: string
  readonly version: string
  readonly rss_bytes: number | null
  readonly pss_bytes: number | null
  readonly started_at: string | null
  readonly restarts: number
  readonly detail: string | null
}

type SupervisorStatus = Pick<ComponentStatus, 'pid' | 'rss_bytes' | 'pss_bytes' | 'started_at'>

/** `./upi status` */
export function statusCommand(): Command {
  return newCommand(
    'status',
    'Show health, lag and freshness. Exit 0 only when all is ready, else 1.',
  )
    .option('--json', 'print for machines')
    .option('--watch', 'show again every second until Ctrl-C; with --json a line each time')
    .action(async (options: { json?: boolean; watch?: boolean }) => {
      const config = loadConfig()
      if (options.watch === true) await watch(config, options.json === true)
      const status = await readStatus(config)
      if (options.json === true) printJson(status)
      else for (const line of statusLines(status)) print(line)
      if (!status.ready) process.exitCode = 1
    })
}

async function watch(config: Config, isJson: boolean): Promise<never> {
  for (;;) {
    const status = await readStatus(config)
    const clear = process.stdout.isTTY ? REDRAW : ''
    if (isJson) print(JSON.stringify(status))
    else print(`${clear}${statusLines(status).join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, WATCH_EVERY_MS))
  }
}

async function readStatus(config: Config): Promise<Status> {
  const state = readState(config.home)
  const isLive = state !== undefined && !['stopped', 'failed', 'lost'].includes(state.phase)
  const { components, supervisor } =
    state === undefined ? { components: [], supervisor: null } : describe(state, isLive)
  return {
    ready: isLive && state.ready,
    phase: state?.phase ?? 'stopped',
    home: config.home,
    components,
    supervisor,
    stream: isLive ? await askStream(config) : null,
  }
}

function describe(state: StackState, isLive: boolean): Pick<Status, 'components' | 'supervisor'> {
  const { supervisor, startedAt } = state
  const pids = state.components.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  const resources = isLive ? resourcesOf([...pids, supervisor.pid]) : new Map()
  const components = state.components.map((component) => describeOne(component, isLive, resources))
  if (!isLive) return { components, supervisor: null }
  const own = memoryOf(supervisor.pid, resources)
  return { components, supervisor: { pid: supervisor.pid, ...own, started_at: startedAt } }
}

function describeOne(
  component: ComponentState,
  isLive: boolean,
  resources: Map<number, Resources>,
): ComponentStatus {
  return {
    name: component.name,
    state: isLive ? component.state : 'stopped',
    pid: isLive ? (component.pid ?? null) : null,
    address: component.address,
    version: component.version,
    ...memoryOf(component.pid, resources),
    started_at: component.startedAt ?? null,
    restarts: component.restarts,
    detail: component.detail ?? null,
  }
}

function memoryOf(
  pid: number | undefined,
  resources: Map<number, Resources>,
): Pick<ComponentStatus, 'rss_bytes' | 'pss_bytes'> {
  const used = pid === undefined ? undefined : resources.get(pid)
  return { rss_bytes: used?.rssBytes ?? null, pss_bytes: used?.pssBytes ?? null }
}

/** The stream's place, or null when Kafka or Postgres does not answer: the table says which. */
async function askStream(config: Config): Promise<StreamStatus | null> {
  let client: pg.Client | undefined
  try {
    const access = need(config, 'databaseUrl', 'kafkaBrokers')
    const log = createLogger({ process: 'status', level: 'silent', pretty: false })
    client = new pg.Client({
      connectionString: secureUrl(access, access.databaseUrl),
      connectionTimeoutMillis: ASK_TIMEOUT_MS,
      query_timeout: ASK_TIMEOUT_MS,
    })
    await client.connect()
    const kafka = createKafka(access, 'upi-status', log)
    return await readStreamStatus(client, kafka, {
      topic: config.topic,
      group: config.consumerGroup,
    })
  } catch {
    return null
  } finally {
    await client?.end().catch(() => {})
  }
}

function statusLines(status: Status): string[] {
  if (status.components.length === 0) return [`stopped: nothing has run in ${status.home}`]
  const now = Date.now()
  const rows = [...status.components, ...supervisorRow(status.supervisor)]
  const table = tableLines(rows, [
    { title: 'part', value: (row) => row.name },
    { title: 'state', value: (row) => row.state, style: (row) => stateStyle(row.state) },
    { title: 'version', value: (row) => row.version },
    { title: 'pid', value: (row) => row.pid, align: 'right' },
    { title: 'memory', value: (row) => memoryText(row), align: 'right' },
    { title: 'address', value: (row) => row.address },
    { title: 'age', value: (row) => ageText(row, now), align: 'right' },
    { title: 'restarts', value: (row) => row.restarts || '', align: 'right' },
    { title: '', value: (row) => row.detail },
  ])
  const sum = rows.reduce((bytes, row) => bytes + (row.pss_bytes ?? 0), 0)
  const head = status.ready ? paint('green', 'ready') : paint('red', `not ready (${status.phase})`)
  return [
    `${head}  ${sum > 0 ? `${formatBytes(sum)} in all  ` : ''}${status.home}`,
    '',
    ...table,
    '',
    streamLine(status.stream),
  ]
}

function supervisorRow(supervisor: SupervisorStatus | null): ComponentStatus[] {
  if (supervisor === null) return []
  const rest = { address: '', version: '', restarts: 0, detail: null }
  return [{ name: 'supervisor', state: 'ready', ...rest, ...supervisor }]
}

function streamLine(stream: StreamStatus | null): string {
  if (stream === null) return 'stream: no figures, Kafka or Postgres does not answer'
  const age = stream.last_batch_age_seconds
  const last = age === null ? 'nothing written yet' : `last batch ${formatSpan(age * 1000)} ago`
  const each = stream.partitions.map(({ partition, lag }) => `${partition}: ${lag}`).join(', ')
  return `stream: lag ${stream.lag} (${each}), ${last}`
}

function memoryText(row: ComponentStatus): string {
  const bytes = row.pss_bytes ?? row.rss_bytes
  return bytes === null ? '' : formatBytes(bytes)
}

function ageText(row: ComponentStatus, now: number): string {
  if (row.pid === null || row.started_at === null) return ''
  return formatSpan(now - Date.parse(row.started_at))
}

function stateStyle(state: ComponentState['state'] | string) {
  if (state === 'ready' || state === 'done') return 'green' as const
  if (state === 'failed' || state === 'stopped') return 'red' as const
  return 'yellow' as const
}
