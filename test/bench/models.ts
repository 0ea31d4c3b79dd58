import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelsBench } from '../../cli/commands/bench.ts'
import { note } from '../../cli/output.ts'
import type { BusinessDate } from '../../core/time.ts'
import { CHECKOUT, NODE_ARGS } from '../../platform/config.ts'
import { withClient } from '../template.ts'
import { type BenchDatabase, BenchPlaces } from './bench-places.ts'
import { Dbt } from './dbt.ts'
import { datesOf, type FilledDays, fillDays } from './fill-days.ts'
import {
  FLOOR_MARTS,
  floorOfDay,
  floorOfDays,
  makeFloorTables,
  psqlVersion,
  requireEqual,
} from './model-floor.ts'
import { reportModels } from './models-report.ts'
import { readCircumstances } from './results.ts'
import { runBench } from './run-bench.ts'
import { type TimedCommand, type Timing, timeCommands } from './time-command.ts'

/*
 * `./upi bench models`: what a user does with the models, as whole processes, and in turn with each the same by psql and,
 * if asked for, by dbt. After each the tables are compared.
 */

/** Repeated measurements of one thing, by who does it. */
export interface Task {
  readonly what: string
  readonly models: Timing[]
  readonly floor: Timing[]
  readonly dbt: Timing[]
}

interface Surroundings {
  readonly places: BenchPlaces
  readonly database: BenchDatabase
  readonly dates: readonly BusinessDate[]
  readonly options: ModelsBench
  readonly dbt: Dbt | undefined
  /** For what is large and passing. */
  readonly folder: string
  readonly signal: AbortSignal
}

/** Who does a task, command by command. */
interface Doers {
  readonly models: readonly TimedCommand[]
  readonly floor?: readonly TimedCommand[]
  readonly dbt?: readonly TimedCommand[]
  /** The day to which the comparison is limited. */
  readonly day?: BusinessDate
}

class Models {
  readonly #around: Surroundings
  readonly #tasks = new Map<string, Task>()
  #changes = 0

  constructor(around: Surroundings) {
    this.#around = around
  }

  async measure(): Promise<Task[]> {
    const { options, database, dates } = this.#around
    await this.#reset()
    await this.#take('full build, every model', { models: [this.#build('--select', '*')] })
    await makeFloorTables(database.url)
    const day = dates[Math.floor(dates.length / 2)] as BusinessDate
    for (let round = 0; round < options.runs; round += 1) {
      await this.#full()
      await this.#dirty([day])
      await this.#take('one dirty day', this.#doers([day]))
      await this.#addLateRow(day)
      await this.#take('one late row', this.#doers([day]))
      const nothing = this.#around.dbt?.run({})
      await this.#take('nothing to do', {
        models: [this.#build()],
        ...(nothing && { dbt: [nothing] }),
      })
      await this.#dirty(dates)
      const each = this.#doers(dates)
      // Two minutes of dbt once are enough.
      const { dbt: _, ...others } = each
      await this.#take('all days, a process each', round === 0 ? each : others)
      await this.#dirty(dates)
      await this.#take('all days, one process', { models: [this.#build()], floor: [this.#floor()] })
    }
    return [...this.#tasks.values()]
  }

  async #full(): Promise<void> {
    const { database, dbt } = this.#around
    await this.#reset()
    await makeFloorTables(database.url)
    await this.#take('full build', {
      models: [this.#build()],
      floor: [this.#floor()],
      ...(dbt && { dbt: [dbt.run({ isFull: true })] }),
    })
  }

  // As a scheduler would have it: one process a day, whoever does it.
  #doers(days: readonly BusinessDate[]): Doers {
    const { database, dbt } = this.#around
    return {
      models: days.map((day) => this.#build('--from', day, '--to', day)),
      floor: days.map((day) => floorOfDay(database, day)),
      ...(dbt && { dbt: days.map((day) => dbt.run({ day })) }),
      ...(days.length === 1 && days[0] !== undefined && { day: days[0] }),
    }
  }

  #floor(): TimedCommand {
    const { database, dates, folder } = this.#around
    return floorOfDays(database, dates, folder)
  }

  #build(...options: readonly string[]): TimedCommand {
    const { places, database } = this.#around
    const select = options.includes('--select') ? [] : ['--select', FLOOR_MARTS.join(',')]
    const args = ['models', 'run', '--json', ...select, ...options]
    return {
      program: process.execPath,
      args: [...NODE_ARGS, join(CHECKOUT, 'cli/main.ts'), ...args],
      env: places.envFor(database),
    }
  }

  // Who goes first changes from round to round: the second finds more in the cache.
  async #take(what: string, doers: Doers): Promise<void> {
    const { places, database, options, signal } = this.#around
    const task = this.#taskOf(what)
    const names = (['models', 'floor', 'dbt'] as const).filter(
      (name) => doers[name] !== undefined && (name !== 'floor' || options.floor),
    )
    if (task.models.length % 2 === 1) names.reverse()
    const said: string[] = []
    for (const name of names) {
      const commands = doers[name] ?? []
      const timing = await timeCommands(commands, places.servers.processes, signal)
      task[name].push(timing)
      said.push(`${name} ${timing.seconds.toFixed(2)} s`)
    }
    if (names.includes('floor')) await requireEqual(database.url, 'floor', doers.day)
    if (names.includes('dbt')) await requireEqual(database.url, 'dbt', doers.day)
    note(`${what}: ${said.toSorted().join(', ')}`)
  }

  #taskOf(what: string): Task {
    const task = this.#tasks.get(what) ?? { what, models: [], floor: [], dbt: [] }
    this.#tasks.set(what, task)
    return task
  }

  async #reset(): Promise<void> {
    await withClient(this.#around.database.url, async (admin) => {
      const { rows } = await admin.query<{ name: string }>(
        `select oid::regclass::text as name from pg_class
          where relkind = 'r' and relnamespace = 'public'::regnamespace
            and relowner = 'upi_transform'::regrole`,
      )
      const marts = rows.map(({ name }) => name)
      const ledger = ['model_runs', 'model_days', 'dirty_keys', 'discovery'].map(
        (of) => `ops.${of}`,
      )
      await admin.query(`truncate ${[...marts, ...ledger].join(', ')}`)
    })
  }

  // One payment in a hundred has another status than before, as the sink writes it.
  async #dirty(days: readonly BusinessDate[]): Promise<void> {
    await withClient(this.#around.database.url, (admin) =>
      admin.query(
        `update clean_upi_transactions
            set status = case status when 'SUCCESS' then 'REVERSED' else 'SUCCESS' end,
                changed_xid = pg_current_xact_id()::text::bigint, changed_at = now(), messages = messages + 1
          where business_date = any ($1) and abs(hashtext(txn_id)) % 100 = $2`,
        [days, this.#changes++ % 100],
      ),
    )
  }

  async #addLateRow(day: BusinessDate): Promise<void> {
    await withClient(this.#around.database.url, (admin) =>
      admin.query(
        `insert into clean_upi_transactions
         select (jsonb_populate_record(c, jsonb_build_object(
           'txn_id', $2::text, 'changed_xid', pg_current_xact_id()::text::bigint))).*
           from clean_upi_transactions as c where business_date = $1 limit 1`,
        [day, `LATE${this.#changes++}`],
      ),
    )
  }
}

await runBench<ModelsBench>(async (options, shutdown) => {
  const psql = options.floor ? psqlVersion() : undefined
  const places = await BenchPlaces.open(shutdown)
  note(`measuring on ${places.servers.about}`)
  const circumstances = await readCircumstances(places)
  const folder = mkdtempSync(join(tmpdir(), 'upi-bench-'))
  shutdown.add('passing files', () => rmSync(folder, { recursive: true, force: true }))
  const database = await places.database()
  const { signal } = shutdown
  const { rows, days, merchants } = options
  const filled = { firstDay: '2026-01-01', rows, days, merchants } as FilledDays
  await fillDays(database.url, filled, signal)
  const dbt = options.dbt ? await Dbt.install(database, { folder, signal }) : undefined
  const bench = new Models({
    places,
    database,
    dates: datesOf(filled),
    options,
    dbt,
    folder,
    signal,
  })
  const tasks = await bench.measure()
  await reportModels({ circumstances, options, psql, dbt: dbt?.versions, tasks, database })
})
