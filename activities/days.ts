import { Context } from '@temporalio/activity'
import type { Kysely } from 'kysely'
import type { BackfillAsked, BackfillPlan } from '../core/backfill.ts'
import { UpiError } from '../core/errors.ts'
import type { BusinessDate } from '../core/time.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { MODELS } from '../models/index.ts'
import type { Surroundings } from '../models/warehouse/build-day.ts'
import { closeDay, wholeDay } from '../models/warehouse/close-day.ts'
import { type ModelFailure, type ModelRun, recordFailures } from '../models/warehouse/ledger.ts'
import { makeRelations } from '../models/warehouse/make-relations.ts'
import { planBackfill } from '../models/warehouse/plan-backfill.ts'
import {
  prepare,
  runDay,
  runDayAlone,
  runEmptyDay,
  runFollowers,
  wasRunSince,
} from '../models/warehouse/run-day.ts'
import { type CheckResult, testModels } from '../models/warehouse/test-models.ts'
import type { Database } from '../platform/database.ts'
import { whileBeating } from './heartbeat.ts'

/** One day's work: why, and for whom. */
interface DayTask {
  readonly date: BusinessDate
  readonly reason: string
  readonly actor: string
}

/** What is done to one business day, and what a range of them needs once. */
export function createDayActivities({ db }: { readonly db: Kysely<Database> }) {
  const graph = makeGraph(MODELS)
  const around = (
    { reason, actor }: Omit<DayTask, 'date'>,
    signal?: AbortSignal,
  ): Surroundings => ({
    ...{ db, graph, actor, reason, signal },
  })
  // A worker of another version may take over in the middle of a backfill; this one's relations are then made first.
  const made = new OnceDone(() => makeRelations(db, graph))
  return {
    /** Builds all marts of a day and tries every promise; building it again changes what differs and no more. */
    async buildDay(task: DayTask): Promise<{ runs: readonly ModelRun[] }> {
      return await whileBeating(async (signal) => {
        const { runs, failures } = await runDayAlone(around(task, signal), task.date)
        refuse(task.date, failures)
        // Of a day without rows there is nothing to try.
        if (runs.some(({ inserted, updated, unchanged }) => inserted + updated + unchanged > 0)) {
          await testDay(around(task, signal), task)
        }
        return { runs }
      })
    },

    /** Marks a day closed: what was provisional is now final. Builds it again if this worker's models are others. */
    async closeDay(task: { date: BusinessDate; actor: string }): Promise<void> {
      await whileBeating(async (signal) => {
        const ours = around({ ...task, reason: 'close' }, signal)
        if (await closeDay(ours, task.date)) return
        await prepare(ours)
        refuse(task.date, (await runDay(ours, task.date, { closes: true })).failures)
      })
    },

    /** Plans a backfill; if there is anything to build, and it is to be, makes ready for it, once for all its days. */
    async planBackfill(task: {
      asked: BackfillAsked
      actor: string
      dryRun?: boolean
    }): Promise<BackfillPlan> {
      return await whileBeating(async (signal) => {
        const plan = await planBackfill({ db, graph }, task.asked)
        const isReady = task.dryRun === true || plan.days.length === 0
        if (!isReady) await prepare(around({ ...task, reason: 'backfill' }, signal))
        return plan
      })
    },

    /** Builds and closes those days of a backfill that have no rows, and tells which; to all others it does nothing. */
    async settleEmptyDays(tasks: readonly DayTask[]): Promise<BusinessDate[]> {
      return await whileBeating(async (signal) => {
        await made.done()
        const settled: BusinessDate[] = []
        for (const task of tasks) {
          signal.throwIfAborted()
          if (await runEmptyDay(around(task), task.date, { closes: true })) settled.push(task.date)
        }
        return settled
      })
    },

    /** Builds a day of a backfill, every promise included, and closes it in the same transaction. */
    async buildBackfillDay(task: DayTask): Promise<void> {
      await whileBeating(async (signal) => {
        await made.done()
        // A worker that was killed may have built it and not been able to say so.
        const { attempt, scheduledTimestampMs } = Context.current().info
        const since = new Date(scheduledTimestampMs)
        if (attempt > 1 && (await wasRunSince(around(task), task.date, since))) return
        const { failures } = await runDay(around(task, signal), task.date, { closes: true })
        refuse(task.date, failures)
      })
    },

    /** Builds what follows from the days of a backfill. */
    async buildFollowers(task: { reason: string; actor: string }): Promise<void> {
      await whileBeating(async (signal) => {
        refuse('followers', (await runFollowers(around(task, signal))).failures)
      })
    },
  }
}

/** Every promise of the models on what the day holds now. What fails is written down: the day is not closed. */
async function testDay(around: Surroundings, { date, reason, actor }: DayTask): Promise<void> {
  const { db, graph } = around
  const { results } = await testModels(around, {
    models: graph.models,
    days: { from: date, to: date },
  })
  const bad = results.filter((result) => result.bad > 0)
  if (bad.length === 0) return
  const failures = bad.map((result) => failureOf(around, result, date))
  await recordFailures(db, failures, { reason, actor })
  refuse(date, failures)
}

function failureOf(
  { graph }: Surroundings,
  { model, check, bad, badRows, seconds }: CheckResult,
  day: BusinessDate,
): ModelFailure {
  const stamped = wholeDay(graph).find((each) => each.model.name === model)
  const date = stamped === undefined ? null : day
  const error = `${check}: ${bad} bad rows`
  return { model, date, fingerprint: stamped?.fingerprint ?? '', error, badRows, seconds }
}

function refuse(subject: string, [failure]: readonly ModelFailure[]): void {
  if (failure === undefined) return
  throw new UpiError('CHECK_FAILED', `${subject}: ${failure.model}: ${failure.error}`, {
    fix: 'a person must look: see bad_rows of ops.model_runs; the day stays open until a build passes',
  })
}

/** Something that is done once in the life of a process; again if it has failed. */
class OnceDone {
  readonly #work: () => Promise<unknown>
  #doing: Promise<unknown> | undefined

  constructor(work: () => Promise<unknown>) {
    this.#work = work
  }

  async done(): Promise<void> {
    this.#doing ??= this.#work().catch((error) => {
      this.#doing = undefined
      throw error
    })
    await this.#doing
  }
}
