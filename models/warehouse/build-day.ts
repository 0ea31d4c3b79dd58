import { isModel, type Model } from '../engine/define-model.ts'
import type { Graph } from '../engine/graph.ts'
import type { DayStep, Stamped } from '../engine/plan.ts'
import { agree, BuildRefused, buildModel, retried } from './build.ts'
import { type Db, type Trx, underLock } from './connection.ts'
import {
  type Cause,
  clearFailure,
  type DayState,
  type ModelFailure,
  type ModelRun,
  markBelow,
  markRevised,
  readDay,
  recordFailures,
  recordRuns,
  takeMarks,
} from './ledger.ts'
import { holdViews } from './make-relations.ts'

/** What a build needs of its surroundings. */
export interface Surroundings {
  readonly db: Db
  readonly graph: Graph
  readonly actor: string
  /** Why, where it is not for the plan's own reason. */
  readonly reason?: string
  /** Cancels the statement that runs, on the server too. */
  readonly signal?: AbortSignal | undefined
}

/** What came of a step: its runs, or the failure that left all as it was. */
export type Outcome =
  | { readonly runs: readonly ModelRun[]; readonly failure?: undefined }
  | { readonly runs: readonly []; readonly failure: ModelFailure }

/**
 * Builds one day: the lock first and outside, so that the snapshot is taken once it is ours; then all marts, what they
 * promise, the ledger and the marks in one REPEATABLE READ transaction. Readers see the day before or after. A day
 * that breaks a promise stays as it was, dirty, with the reason in the ledger.
 */
export async function buildDay(step: DayStep, around: Surroundings): Promise<Outcome> {
  const { db, signal } = around
  const cause = { actor: around.actor, reason: around.reason ?? step.reason }
  return await underLock(db, { subject: `day:${step.date}`, signal }, async (connection) => {
    try {
      return {
        runs: await retried(around, () => buildOnce(connection, step, { ...around, cause })),
      }
    } catch (error) {
      if (!(error instanceof BuildRefused)) throw error
      const failure = failureOf(error, step)
      await recordFailures(connection, [failure], cause)
      return { runs: [], failure }
    }
  })
}

async function buildOnce(
  connection: Db,
  { date, models }: DayStep,
  { graph, cause, signal }: Surroundings & { readonly cause: Cause },
): Promise<ModelRun[]> {
  return await connection
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      const day = await readDay(trx, date)
      // Who archives a day holds its lock; the plan may be older than that.
      if (day.isArchived) return []
      await holdViews(trx, graph)
      const runs: ModelRun[] = []
      for (const { model, fingerprint } of models) {
        const besides = besidesOf(graph, model, { date, day, cause })
        const input = { model, fingerprint, date, scope: { day: date }, besides, signal }
        runs.push(await buildModel(trx, input))
      }
      await agree(
        trx,
        models.map(({ model }) => model),
        { scope: { day: date }, signal },
      )
      await settle(trx, { date, day, runs, models, graph, cause })
      return runs
    })
}

interface Settling {
  readonly date: string
  readonly day: DayState
  readonly runs: readonly ModelRun[]
  readonly models: readonly Stamped[]
  readonly graph: Graph
  readonly cause: Cause
}

async function settle(
  trx: Trx,
  { date, day, runs, models, graph, cause }: Settling,
): Promise<void> {
  await recordRuns(trx, runs, cause)
  const names = models.map(({ model }) => model.name)
  await takeMarks(trx, names, date)
  const changed = runs.filter(hasChanged).map(({ model }) => model)
  const below = readersOf(graph, changed).filter((name) => !names.includes(name))
  if (below.length > 0) await markBelow(trx, below, date)
  const isRevised = day.isClosed && changed.some((model) => day.reported.has(model))
  if (isRevised) await markRevised(trx, date, cause.reason)
  if (day.isFailed) {
    const known = graph.models.map(({ name }) => name)
    await clearFailure(trx, known, date)
  }
}

/** The models built by day or whole that read one of these; those that follow find out for themselves. */
export function readersOf({ models }: Graph, names: readonly string[]): string[] {
  const isReader = (model: Model): boolean =>
    model.reads.some(
      (read) =>
        names.includes(read.name) || (isModel(read) && read.kind === 'view' && isReader(read)),
    )
  return models
    .filter((model) => (model.kind === 'by day' || model.kind === 'table') && isReader(model))
    .map(({ name }) => name)
}

/** Whether a build has changed any row. */
export function hasChanged({ inserted, updated, deleted }: ModelRun): boolean {
  return inserted + updated + deleted > 0
}

function besidesOf(
  graph: Graph,
  model: Model,
  { date, day, cause }: { readonly date: string; readonly day: DayState; readonly cause: Cause },
) {
  const followers = graph.followersOf(model)
  const wasReported = day.isClosed && day.reported.has(model.name)
  if (!wasReported) return { followers }
  return { followers, revision: { day: date, number: day.revision + 1, reason: cause.reason } }
}

function failureOf({ failure }: BuildRefused, { date, models }: DayStep): ModelFailure {
  const refused = models.find(({ model }) => model.name === failure.model)
  return { ...failure, date, fingerprint: refused?.fingerprint ?? '' }
}
