import type { Command } from 'commander'
import { type Config, loadConfig } from '../../platform/config.ts'
import { isOver, readState, type StackState } from '../../platform/stack/index.ts'
import type { StreamStatus } from '../../streaming/stream-status.ts'
import { newCommand } from '../command.ts'
import { partFaults } from '../doctor/part-faults.ts'
import { formatBytes, paint, print, printJson } from '../output.ts'
import type { StatusLine } from '../status/line.ts'
import { statusLines } from '../status/lines.ts'
import { pageLines } from '../status/page.ts'
import {
  describeParts,
  memoryOfAll,
  type Parts,
  partsBriefly,
  partsTable,
} from '../status/parts.ts'
import type { Reading } from '../status/probe.ts'
import { Screen } from '../status/screen.ts'
import { type Readings, Sources } from '../status/sources.ts'

const WATCH_EVERY_MS = 1_000
// Of what is no terminal nobody knows the width: whoever reads it wants all of it.
const PLAIN_COLUMNS = 120

interface Status extends Parts {
  readonly ready: boolean
  readonly phase: string
  readonly home: string
  readonly stream: StreamStatus | null
  readonly checks: readonly StatusLine[]
  /** What the lines are made of, for machines. */
  readonly readings: Readings | null
}

/** `./upi status` */
export function statusCommand(): Command {
  return newCommand(
    'status',
    'Show health, lag and freshness. Exit 0 only when all is ready, else 1.',
  )
    .option('--json', 'print for machines')
    .option('--watch', 'show again every second until Ctrl-C; with --json a line each time')
    .action(async (options: { json?: boolean; watch?: boolean }) => {
      const page = new Page(loadConfig())
      if (options.watch === true) await watch(page, options.json === true)
      const status = await page.readSurely()
      if (options.json === true) printJson(forMachines(status))
      else for (const line of wholePage(status, process.stdout.columns)) print(line)
      if (!status.ready) process.exitCode = 1
    })
}

async function watch(page: Page, isJson: boolean): Promise<never> {
  const screen = process.stdout.isTTY && !isJson ? new Screen() : undefined
  let status = await page.read()
  const show = () => {
    if (isJson) print(JSON.stringify(forMachines(status)))
    else if (screen === undefined) print(`${wholePage(status, undefined).join('\n')}\n`)
    else screen.draw(fittingPage(status, screen))
  }
  screen?.onResize(show)
  // Nothing needs an end but the screen, which puts back what was there.
  if (screen !== undefined)
    process.once('SIGINT', () => process.exit(0)).once('SIGTERM', () => process.exit(0))
  for (;;) {
    show()
    await new Promise((resolve) => setTimeout(resolve, WATCH_EVERY_MS))
    status = await page.read()
  }
}

/** Reads the page; what is asked of the servers stays open as long as the same stack runs. */
class Page {
  readonly #config: Config
  #sources: { readonly of: string; readonly sources: Sources } | undefined
  /** Who gave no answer at the last look. On a busy machine one answer may come late: two are silence. */
  #silent: ReadonlySet<string> = new Set()

  constructor(config: Config) {
    this.#config = config
  }

  /** Looks once more where somebody gave no answer. */
  async readSurely(): Promise<Status> {
    const status = await this.read()
    return this.#silent.size === 0 ? status : await this.read()
  }

  async read(): Promise<Status> {
    const state = readState(this.#config.home)
    const isLive = state !== undefined && !isOver(state.phase)
    const [unwell, readings] = isLive
      ? await Promise.all([partFaults(state), this.#sourcesOf(state).read()])
      : [[], null]
    const found = [...unwell, ...(readings === null ? [] : silentServers(readings))]
    const faults = found.filter(({ name, isSilent }) => !isSilent || this.#silent.has(name))
    this.#silent = new Set(found.filter(({ isSilent }) => isSilent).map(({ name }) => name))
    const parts =
      state === undefined
        ? { components: [], supervisor: null }
        : describeParts(state, isLive, faults)
    return {
      ready: isLive && state.ready && faults.every(({ isOptional }) => isOptional),
      phase: state?.phase ?? 'stopped',
      home: this.#config.home,
      ...parts,
      stream: given(readings?.stream) ?? null,
      checks: readings === null ? [] : statusLines(readings),
      readings,
    }
  }

  #sourcesOf(state: StackState): Sources {
    const of = [state.stackId, ...state.components.map(({ name }) => name)].join(' ')
    if (this.#sources?.of !== of) {
      this.#sources = { of, sources: new Sources(this.#config, state) }
    }
    return this.#sources.sources
  }
}

/** The servers that did not answer just now, whatever their supervisor has seen last. */
function silentServers({ stream, schedules, facts }: Readings) {
  const away = [stream, schedules, facts.sessions].flatMap((each) =>
    each !== undefined && 'away' in each && each.away.silence !== undefined ? [each.away] : [],
  )
  // A schedule is asked of a run of Temporal's own, for which it may wait ten seconds after it was started again.
  const silent = away.filter(({ who, silence }) => who !== 'Temporal' || silence === 'away')
  return silent.map(({ who, reason }) => ({
    name: who.toLowerCase(),
    why: reason,
    isOptional: false,
    isSilent: true,
  }))
}

/** All there is to say, however many lines it takes. */
function wholePage(status: Status, columns: number | undefined): string[] {
  if (status.components.length === 0) return [`stopped: nothing has run in ${status.home}`]
  const width = columns ?? PLAIN_COLUMNS
  return [
    headOf(status),
    '',
    ...partsTable(status, columns ?? Number.POSITIVE_INFINITY),
    ...(status.checks.length === 0 ? [] : ['', ...pageLines(status.checks, width)]),
  ]
}

/** The same within a terminal: the parts as a table if there is room for it, else as a word each. */
function fittingPage(
  status: Status,
  { columns, rows }: Pick<Screen, 'columns' | 'rows'>,
): string[] {
  const whole = wholePage(status, columns)
  if (whole.length <= rows || status.components.length === 0) return whole
  const head = [headOf(status), ...partsBriefly(status)]
  const lines = status.checks.length === 0 ? [] : pageLines(status.checks, columns)
  return head.length + lines.length < rows ? [...head, '', ...lines] : [...head, ...lines]
}

function headOf(status: Status): string {
  const head = status.ready ? paint('green', 'ready') : paint('red', `not ready (${status.phase})`)
  const bytes = memoryOfAll(status)
  const of = (state: StatusLine['state']) =>
    status.checks.filter((line) => line.state === state).length
  const act = of('act') === 0 ? '' : paint('red', `${of('act')} to act on`)
  const look = of('look') === 0 ? '' : paint('yellow', `${of('look')} to look at`)
  const memory = bytes > 0 ? `${formatBytes(bytes)} in all` : ''
  return [head, act, look, memory, status.home].filter((each) => each !== '').join('  ')
}

function forMachines({ readings, ...status }: Status) {
  if (readings === null) return status
  const { facts, pace, process, closes, schedules } = readings
  const told = Object.values(facts).flatMap((reading) => Object.entries(given(reading) ?? {}))
  const away = Object.values({
    ...readings.facts,
    pace,
    process,
    closes,
    schedules,
    stream: readings.stream,
  })
  return {
    ...status,
    pace: given(pace) ?? null,
    process: given(process) ?? null,
    days: given(closes) ?? null,
    schedules: given(schedules) ?? null,
    facts: Object.fromEntries(
      told.map(([name, samples]) => [
        name,
        samples.map(([value, labels = {}]) => ({ ...labels, value })),
      ]),
    ),
    away: [
      ...new Set(
        away.flatMap((each) => (each !== undefined && 'away' in each ? [each.away.who] : [])),
      ),
    ],
  }
}

function given<T>(reading: Reading<T> | undefined): T | undefined {
  return reading !== undefined && 'value' in reading ? reading.value : undefined
}
