import type { Kysely } from 'kysely'
import type { WorkflowsBench } from '../../cli/commands/bench.ts'
import { note } from '../../cli/output.ts'
import { type BackfillAsked, checkBackfill } from '../../core/backfill.ts'
import { BACKFILL_CONCURRENCY_DEFAULT } from '../../core/limits.ts'
import { addDays, type BusinessDate } from '../../core/time.ts'
import type { Database } from '../../platform/database.ts'
import type { BareDays } from './bare-days.ts'
import type { BenchDatabase, BenchPlaces } from './bench-places.ts'
import { cpuOf, readCpu } from './cpu.ts'
import { digestMarts, forgetAll, forgetDay, requireClosed, settleDisk } from './marts-state.ts'
import {
  floorOfDay,
  floorOfDays,
  forgetFloorDay,
  makeFloorTables,
  requireEqual,
} from './model-floor.ts'
import { type TimedCommand, timeCommands } from './time-command.ts'
import type { DayDoer, Workflows } from './workflow-doers.ts'

/** One measurement, with the CPU seconds that were used meanwhile; null where they cannot be seen. */
export interface RunTiming {
  readonly seconds: number
  readonly cpu: Readonly<Record<'worker' | 'temporal' | 'postgres', number | null>>
}

/** Repeated measurements of one thing, by who does it. */
export interface Task {
  readonly what: string
  readonly target: string
  /** How many days it builds. */
  readonly days: number
  readonly workflow: RunTiming[]
  readonly bare: RunTiming[]
  /** Seconds of psql with the plain upserts of three marts. */
  readonly psql: number[]
}

/** What is measured, and what is done around it. */
interface Job {
  readonly what: string
  readonly target: string
  readonly days: number
  readonly before: () => Promise<void>
  readonly run: (doer: DayDoer) => Promise<void>
  /** Looks whether all is as it should be; what it returns must be the same whoever did it. */
  readonly after: () => Promise<string>
  readonly psql?: {
    readonly before: () => Promise<void>
    readonly command: TimedCommand
    readonly day?: BusinessDate
  }
}

/** Where and by whom days are built. */
export interface Stage {
  readonly places: BenchPlaces
  readonly database: BenchDatabase
  readonly admin: Kysely<Database>
  readonly workflows: Workflows
  readonly bare: BareDays
  readonly options: WorkflowsBench
  readonly folder: string
  readonly signal: AbortSignal
}

const TARGET_WITH_ROWS = '≤ 1.20 of bare'
const CONCURRENCIES = [2, BACKFILL_CONCURRENCY_DEFAULT]
// So many a round: single days are short, and their slowest is of interest too.
const EMPTY_DAYS_A_ROUND = 4
const FULL_DAYS_A_ROUND = 3
const FIRST_EMPTY_DAY = '2024-01-01'
const EMPTY_RANGES = [
  { days: 30, target: '≤ 1 s' },
  { days: 365, target: '≤ 8 s' },
]
const LOOK_EVERY_MS = 500

/** Takes the measurements of one stage. */
export class Measuring {
  readonly #stage: Stage
  readonly #tasks = new Map<string, Task>()

  constructor(stage: Stage) {
    this.#stage = stage
  }

  get tasks(): Task[] {
    return [...this.#tasks.values()]
  }

  async emptyDays(): Promise<void> {
    const { admin, bare, workflows, options } = this.#stage
    let next = FIRST_EMPTY_DAY as BusinessDate
    const nextDay = () => {
      next = addDays(next, 1)
      return next
    }
    for (const doer of [workflows, bare]) await doer.daily(nextDay())
    for (let nth = 0; nth < options.runs * EMPTY_DAYS_A_ROUND; nth += 1) {
      await this.#take({
        ...{ what: 'one empty day', target: '≤ 0.25 s', days: 1 },
        before: async () => {},
        run: (doer) => doer.daily(nextDay()),
        after: () => this.#closed(next, 1, next),
      })
    }
    for (let round = 0; round < options.runs; round += 1) {
      for (const { days, target } of EMPTY_RANGES) {
        const asked = askedFor(FIRST_EMPTY_DAY as BusinessDate, days, BACKFILL_CONCURRENCY_DEFAULT)
        await this.#take({
          ...{ what: `${days} empty days`, target, days },
          before: async () => {
            await forgetAll(admin)
            await bare.prepare()
          },
          run: (doer) => doer.backfill(asked, days),
          after: () => this.#closed(asked.from, days),
        })
      }
    }
  }

  async fullDays(dates: readonly BusinessDate[]): Promise<void> {
    const { options } = this.#stage
    await this.#warmUp(dates)
    for (let round = 0; round < options.runs; round += 1) {
      for (const concurrency of CONCURRENCIES) await this.#backfill(dates, concurrency)
    }
    const days = Math.min(FULL_DAYS_A_ROUND, dates.length) * options.runs
    for (let nth = 0; nth < days; nth += 1) {
      // Far apart, so that hardly a day comes twice.
      await this.#oneDay(dates[(nth * 7) % dates.length] as BusinessDate)
    }
  }

  // Both task queues, with as many connections as there will be.
  async #warmUp(dates: readonly BusinessDate[]): Promise<void> {
    const { admin, workflows, bare } = this.#stage
    const from = dates[0] as BusinessDate
    const days = Math.min(BACKFILL_CONCURRENCY_DEFAULT, dates.length)
    const asked = askedFor(from, days, BACKFILL_CONCURRENCY_DEFAULT)
    for (const doer of [workflows, bare]) {
      for (const run of [() => doer.daily(from), () => doer.backfill(asked, days)]) {
        await forgetAll(admin)
        await bare.prepare()
        await run()
      }
    }
  }

  async #backfill(dates: readonly BusinessDate[], concurrency: number): Promise<void> {
    const { admin, bare, database, folder } = this.#stage
    const { length: days } = dates
    const asked = askedFor(dates[0] as BusinessDate, days, concurrency)
    const isFirst = concurrency === CONCURRENCIES[0]
    await this.#take({
      what: `${days} days with rows, ${concurrency} at a time`,
      ...{ target: TARGET_WITH_ROWS, days },
      before: async () => {
        await forgetAll(admin)
        await bare.prepare()
        await settleDisk(admin)
      },
      run: (doer) => doer.backfill(asked, days),
      after: () => this.#closed(asked.from, days),
      // One psql does one day after the other: once a round is enough.
      ...(isFirst && {
        psql: {
          before: () => makeFloorTables(database.url),
          command: floorOfDays(database, dates, folder),
        },
      }),
    })
  }

  // The other days are built and closed, as they are at night.
  async #oneDay(day: BusinessDate): Promise<void> {
    const { admin, bare, database } = this.#stage
    await this.#take({
      ...{ what: 'one day with rows', target: TARGET_WITH_ROWS, days: 1 },
      before: async () => {
        await forgetDay(admin, day)
        await bare.prepare()
        await settleDisk(admin)
      },
      run: (doer) => doer.daily(day),
      after: () => this.#closed(day, 1, day),
      psql: {
        before: () => forgetFloorDay(database.url, day),
        command: floorOfDay(database, day),
        day,
      },
    })
  }

  async #closed(from: BusinessDate, days: number, day?: BusinessDate): Promise<string> {
    const { admin } = this.#stage
    await requireClosed(admin, { from, to: addDays(from, days - 1), days })
    return await digestMarts(admin, day)
  }

  // Who goes first changes from time to time: the second finds more in the cache.
  async #take({ what, target, days, before, run, after, psql }: Job): Promise<void> {
    const { workflows, bare, options, database } = this.#stage
    const task = this.#taskOf({ what, target, days })
    const doers = [['workflow', workflows] as const, ['bare', bare] as const]
    if (task.workflow.length % 2 === 1) doers.reverse()
    const found: string[] = []
    const said: string[] = []
    for (const [name, doer] of doers) {
      await before()
      const timing = await this.#time(() => run(doer))
      task[name].push(timing)
      said.push(`${name} ${timing.seconds.toFixed(3)} s`)
      found.push(await after())
    }
    if (found[0] !== found[1]) throw new Error(`${what}: the marts differ:\n${found.join('\n\n')}`)
    if (psql !== undefined && options.floor) {
      await psql.before()
      const { seconds } = await timeCommands([psql.command], {}, this.#stage.signal)
      await requireEqual(database.url, 'floor', psql.day)
      task.psql.push(seconds)
      said.push(`psql ${seconds.toFixed(3)} s`)
    }
    note(`${what}: ${said.toSorted().join(', ')}`)
  }

  async #time(work: () => Promise<void>): Promise<RunTiming> {
    const { workflows, signal } = this.#stage
    const cpu = this.#readCpu()
    const began = performance.now()
    await whileWell(work(), () => {
      signal.throwIfAborted()
      workflows.check()
    })
    const seconds = (performance.now() - began) / 1000
    const after = this.#readCpu()
    const used = (name: keyof RunTiming['cpu']) => {
      const [first, last] = [cpu[name], after[name]]
      return first === null || last === null ? null : last - first
    }
    return {
      seconds,
      cpu: { worker: used('worker'), temporal: used('temporal'), postgres: used('postgres') },
    }
  }

  #readCpu(): RunTiming['cpu'] {
    const { places, workflows } = this.#stage
    const { postgres, temporal } = places.servers.processes
    return {
      worker: cpuOf(workflows.pid),
      temporal: cpuOf(temporal),
      postgres: readCpu({ postgres }).postgres,
    }
  }

  #taskOf(which: Pick<Task, 'what' | 'target' | 'days'>): Task {
    const task = this.#tasks.get(which.what) ?? { ...which, workflow: [], bare: [], psql: [] }
    this.#tasks.set(which.what, task)
    return task
  }
}

function askedFor(from: BusinessDate, days: number, concurrency: number): BackfillAsked {
  const asked = checkBackfill({ from, to: addDays(from, days - 1), concurrency })
  if (typeof asked === 'string') throw new Error(asked)
  return asked
}

/** Waits for work, and no longer once `check` throws. */
async function whileWell(work: Promise<void>, check: () => void): Promise<void> {
  const ill = Promise.withResolvers<never>()
  const timer = setInterval(() => {
    try {
      check()
    } catch (fault) {
      ill.reject(fault)
    }
  }, LOOK_EVERY_MS)
  try {
    await Promise.race([work, ill.promise])
  } finally {
    clearInterval(timer)
  }
}
