import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import { reconcileDaySums } from '../../activities/reconcile.ts'
import type { BackfillAsked } from '../../core/backfill.ts'
import { BACKFILL_CONCURRENCY_DEFAULT } from '../../core/limits.ts'
import type { BusinessDate } from '../../core/time.ts'
import { hasChanged, type Surroundings } from '../../models/warehouse/build-day.ts'
import { closeDay } from '../../models/warehouse/close-day.ts'
import type { Executed } from '../../models/warehouse/execute.ts'
import { planBackfill } from '../../models/warehouse/plan-backfill.ts'
import {
  prepare,
  runDay,
  runDayAlone,
  runEmptyDay,
  runFollowers,
} from '../../models/warehouse/run-day.ts'
import { testModels } from '../../models/warehouse/test-models.ts'
import type { Database } from '../../platform/database.ts'
import { createDatabase, createPool } from '../../platform/postgres.ts'
import { SINK_SESSION } from '../../streaming/sink.ts'
import { GRAPH } from '../build-models.ts'
import type { BenchDatabase } from './bench-places.ts'
import type { BenchConfig } from './bench-servers.ts'
import { type DayDoer, requireBalanced } from './workflow-doers.ts'

// As the worker has it: one for each build, one for short statements beside them.
const CONNECTIONS_MAX = BACKFILL_CONCURRENCY_DEFAULT + 1

/**
 * The statements that the workflows have run, without them: the same functions in the same order, called by this
 * process over connections of its own. Nobody asks Kafka where the log ends, and nothing is remembered after a crash.
 */
export class BareDays implements DayDoer {
  readonly #pool: Pool
  readonly #ingest: Pool
  readonly #db: Kysely<Database>
  readonly #signal: AbortSignal

  constructor(
    config: BenchConfig,
    { transformUrl, ingestUrl }: BenchDatabase,
    signal: AbortSignal,
  ) {
    this.#pool = createPool(config, transformUrl, { max: CONNECTIONS_MAX, name: 'bench' })
    this.#ingest = createPool(config, ingestUrl, {
      ...{ max: 1, name: 'bench-ingest', isPipelined: true, settings: SINK_SESSION },
    })
    this.#db = createDatabase(this.#pool)
    this.#signal = signal
  }

  /** Brings views, tables and marks to where a worker that has been at work finds them. */
  async prepare(): Promise<void> {
    await prepare(this.#around('bench'))
  }

  async daily(date: BusinessDate): Promise<void> {
    const around = this.#around('close')
    const { runs } = sound(await runDayAlone(around, date))
    if (runs.some(({ inserted, updated, unchanged }) => inserted + updated + unchanged > 0)) {
      const days = { from: date, to: date }
      const { results } = await testModels(around, { models: GRAPH.models, days })
      const bad = results.find((result) => result.bad > 0)
      if (bad !== undefined) throw new Error(`${date}: ${bad.model}: ${bad.check}`)
    }
    await this.#reconcile(date, date)
    await closeDay(around, date)
  }

  async backfill(asked: BackfillAsked): Promise<void> {
    const around = this.#around('backfill')
    const { days } = await planBackfill({ db: this.#db, graph: GRAPH }, asked)
    await prepare(around)
    const left: BusinessDate[] = []
    for (const { date } of days) {
      if (!(await runEmptyDay(around, date, { closes: true }))) left.push(date)
    }
    let isChanged = false
    const workOff = async () => {
      for (let date = left.shift(); date !== undefined; date = left.shift()) {
        const { runs } = sound(await runDay(around, date, { closes: true }))
        isChanged ||= runs.some(hasChanged)
      }
    }
    await Promise.all(Array.from({ length: asked.concurrency }, workOff))
    if (!isChanged) return
    sound(await runFollowers(around))
    await this.#reconcile(asked.from, asked.to)
  }

  async close(): Promise<void> {
    await this.#pool.end()
    await this.#ingest.end()
  }

  #around(reason: string): Surroundings {
    return { db: this.#db, graph: GRAPH, actor: 'bench', reason, signal: this.#signal }
  }

  async #reconcile(from: BusinessDate, to: BusinessDate): Promise<void> {
    const run = { runId: 'bench', signal: this.#signal }
    const places = { db: this.#db, ingest: this.#ingest }
    requireBalanced((await reconcileDaySums(places, { from, to, actor: 'bench' }, run)).state)
  }
}

function sound(executed: Executed): Executed {
  const [failure] = executed.failures
  if (failure !== undefined) throw new Error(`${failure.model}: ${failure.error}`)
  return executed
}
