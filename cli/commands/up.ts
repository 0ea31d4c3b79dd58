import type { Command } from 'commander'
import pg from 'pg'
import { EXIT_INTERRUPTED, UpiError } from '../../core/errors.ts'
import { LIVE_RATE_DEFAULT, LIVE_RATE_MAX } from '../../core/limits.ts'
import { type Config, need } from '../../platform/config.ts'
import { rememberPortBase } from '../../platform/local-stack.ts'
import { secureUrl } from '../../platform/postgres.ts'
import {
  type ComponentState,
  readState,
  type StackState,
  startStack,
  stopStack,
  waitReady,
  watchStack,
} from '../../platform/stack/index.ts'
import { hasAcceptedSince } from '../../streaming/stream-status.ts'
import { countOption, newCommand } from '../command.ts'
import { type PartFault, partFaults } from '../doctor/part-faults.ts'
import { formatBytes, formatSpan, note, paint, print, printTable } from '../output.ts'
import { startOptions } from '../stack.ts'
import { addressRows } from './env.ts'

interface Options {
  detach?: boolean
  rate: number
  traffic: boolean
  only?: string
}

/** `./upi up` */
export function upCommand(): Command {
  return newCommand(
    'up',
    'Start the whole platform: servers, tables, topics, stream, worker, live traffic.',
  )
    .option('--detach', 'return when all is ready; without it, Ctrl-C stops the platform in order')
    .option(
      '--rate <n>',
      'transactions a second of live traffic',
      countOption(1, LIVE_RATE_MAX),
      LIVE_RATE_DEFAULT,
    )
    .option('--no-traffic', 'start without live traffic')
    .option('--only <names>', 'start only these parts, comma-separated, such as postgres,kafka')
    .action(up)
}

async function up(options: Options, command: Command): Promise<void> {
  const choice = { rate: options.traffic ? options.rate : 0 }
  const only = options.only?.split(',')
  const { config, options: stack } = startOptions(only === undefined ? choice : { ...choice, only })

  const stop = new AbortController()
  for (const signal of SIGNALS) process.on(signal, () => stop.abort())
  const { signal } = stop
  let mine: number | undefined
  let isUp = false
  try {
    const { attached, pid } = await startStack(stack, signal)
    if (attached) sayAttached(config.home, pid, command)
    else {
      mine = pid
      rememberPortBase(config.home, stack.portBase)
    }
    const progress = new StartProgress()
    const { state, faults } = await followStart(config, progress, signal)
    if (attached) return refuse(faults)
    if (choice.rate > 0 && only === undefined) {
      await awaitFirstTransaction(config, state.startedAt, signal)
    }
    await followWatchers(config.home, progress, signal)
    signal.throwIfAborted()
    if (options.detach) return
    isUp = true
    note('\nCtrl-C stops it in order; ./upi status and ./upi logs -f look at it from elsewhere.')
    await watchStack(config.home, () => {}, signal)
    sayEnd(config.home)
  } catch (fault) {
    if (!signal.aborted) throw fault
    if (!isUp) process.exitCode = EXIT_INTERRUPTED
    await stopMine(config.home, mine)
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const SHAPING = { rate: '--rate', traffic: '--no-traffic', only: '--only' }

function sayAttached(home: string, pid: number, command: Command): void {
  note(`already running in ${home} (supervisor ${pid})`)
  const given = Object.entries(SHAPING).filter(
    ([name]) => command.getOptionValueSource(name) === 'cli',
  )
  if (given.length === 0) return
  const flags = given.map(([, flag]) => flag).join(', ')
  note(`it stays as it was started, without regard to ${flags}; to change it: ./upi down first`)
}

/** Whoever starts what runs already wants it to run: what of it does not is told, and the answer is no. */
function refuse(faults: readonly PartFault[]): void {
  if (faults.length === 0) return
  throw new UpiError('NOT_READY', faults.map(({ text }) => text).join('; '), {
    fix:
      faults.find(({ name }) => name === 'supervisor')?.fix ??
      'what ended or hangs is started again by itself: see ./upi status, and ./upi doctor if it stays',
  })
}

async function followStart(
  config: Config,
  progress: StartProgress,
  signal: AbortSignal,
): Promise<{ state: StackState; faults: readonly PartFault[] }> {
  const onChange = (next: StackState) => progress.show(next)
  const state = await waitReady(config.home, { onChange, signal })
  const faults = (await partFaults(state)).filter(({ isOptional }) => !isOptional)
  printReady(config, state, faults.length === 0)
  return { state, faults }
}

const WATCHERS_MS_MAX = 10_000

/** What nothing waits for is looked at a little longer, so that its line is said before this command returns. */
async function followWatchers(
  home: string,
  progress: StartProgress,
  signal: AbortSignal,
): Promise<void> {
  const enough = new AbortController()
  const either = AbortSignal.any([signal, enough.signal, AbortSignal.timeout(WATCHERS_MS_MAX)])
  const onChange = (state: StackState) => {
    progress.show(state)
    if (!state.components.some(isOnItsWay)) enough.abort()
  }
  await watchStack(home, onChange, either).catch((fault) => {
    if (!either.aborted) throw fault
  })
}

// A download may take minutes, and what is elsewhere may be away; status tells when it has come.
function isOnItsWay({ optional, external, state }: ComponentState): boolean {
  const isOurs = optional === true && !external
  return isOurs && ['waiting', 'starting', 'restarting'].includes(state)
}

/** Stops what this command has started; what somebody else started goes on. */
async function stopMine(home: string, supervisor: number | undefined): Promise<void> {
  if (supervisor === undefined || readState(home)?.supervisor.pid !== supervisor) {
    note('interrupted')
    return
  }
  note('stopping …')
  await stopStack(home)
  note('stopped')
}

/** The stack has ended without us: that is news, and a fault unless somebody wanted it. */
function sayEnd(home: string): void {
  const { phase } = readState(home) ?? {}
  if (phase !== 'lost') note('stopped from elsewhere')
  else {
    throw new UpiError('COMPONENT_FAILED', `the supervisor of ${home} was killed`, {
      fix: 'run ./upi up again, or ./upi down to stop what it left',
    })
  }
}

/** One line a component, once, when something worth knowing has happened to it. */
class StartProgress {
  readonly #said = new Set<string>()
  readonly #began = performance.now()

  show(state: StackState): void {
    for (const component of state.components) {
      const { name, fetched } = component
      if (component.state === 'fetching') this.#say(`${name} fetching`, name, 'fetching …')
      if (fetched !== undefined) {
        const cost = `${formatSpan(fetched.ms)}, ${formatBytes(fetched.bytes)}`
        this.#say(`${name} fetched`, name, `fetched from ${fetched.source}: ${cost}`)
      }
      if (isUp(component)) {
        const after = formatSpan(performance.now() - this.#began)
        this.#say(`${name} up`, name, paint('green', readyText(component), process.stderr), after)
      }
      if (component.state === 'absent') {
        this.#say(`${name} absent`, name, `left out: ${component.detail ?? ''}`)
      }
      if (component.state === 'restarting') {
        this.#say(`${name} ${component.restarts}`, name, `restarting: ${component.detail ?? ''}`)
      }
    }
  }

  #say(key: string, name: string, text: string, after = ''): void {
    if (this.#said.has(key)) return
    this.#said.add(key)
    note(`${name.padEnd(10)} ${text} ${after}`.trimEnd())
  }
}

function isUp(component: ComponentState): boolean {
  return component.state === 'ready' || component.state === 'done'
}

function readyText(component: ComponentState): string {
  if (component.state === 'done') return 'done'
  const where = component.external ? ' (external)' : ''
  return `ready ${component.version}${where}`.replace(/\s+/g, ' ').trim()
}

const FIRST_TRANSACTION_MS_MAX = 30_000
const ASK_EVERY_MS = 100

/** Live traffic is flowing when a payment of this start is in clean; says when the first was. */
async function awaitFirstTransaction(
  config: Config,
  since: string,
  signal: AbortSignal,
): Promise<void> {
  const { databaseUrl } = need(config, 'databaseUrl')
  const client = new pg.Client({ connectionString: secureUrl(config, databaseUrl) })
  await client.connect()
  try {
    const began = Date.parse(since)
    while (!signal.aborted && Date.now() - began < FIRST_TRANSACTION_MS_MAX) {
      if (await hasAcceptedSince(client, since)) {
        print(`\nfirst transaction in clean after ${formatSpan(Date.now() - began)}`)
        return
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
    }
    if (!signal.aborted) note('no transaction in clean yet; see ./upi logs traffic and stream')
  } finally {
    await client.end()
  }
}

function printReady(config: Config, state: StackState, isReady: boolean): void {
  const seconds =
    state.readyAt === undefined
      ? ''
      : ` after ${formatSpan(Date.parse(state.readyAt) - Date.parse(state.startedAt))}`
  print(paint('bold', isReady ? `ready${seconds}` : 'not ready now'))
  print()
  printTable(addressRows(config, state), [
    { title: 'what', value: (row) => row.about },
    { title: 'where', value: (row) => row.shown },
  ])
}
