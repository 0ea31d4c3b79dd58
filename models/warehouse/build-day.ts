import { isModel, type Model } from '../engine/define-model.ts'
import type { Graph } from '../engine/graph.ts'
import type { DayStep } from '../engine/plan.ts'
import { agree, BuildRefused, buildModel, retried, secondsSince } from './build.ts'
import { markClosed, wholeDay } from './close-day.ts'
import { type Db, type Trx, underFreeLock, underLock } from './connection.ts'
import { lookAtDay } from './empty-day.ts'
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

/** How a day is built. */
export interface DayOptions {
  /** Ends the day in the transaction that builds it. */
  readonly closes?: boolean
}

/**
 * Builds one day: the lock first and outside, so that the snapshot is taken once it is ours; then all marts, what they
 * promise, the ledger and the marks in one REPEATABLE READ transaction. Readers see the day before or after. A day
 * that breaks a promise stays as it was, dirty, with the reason in the ledger.
 */
export async function buildDay(
  step: DayStep,
  around: Surroundings,
  options: DayOptions = {},
): Promise<Outcome> {
  const { db, signal } = around
  const lock = { subject: lockOf(step), signal }
  return await underLock(db, lock, (connection) => buildLocked(connection, step, around, options))
}

/** The same for a day that nobody else is building; undefined if somebody is. */
export async function buildFreeDay(
  step: DayStep,
  around: Surroundings,
): Promise<Outcome | undefined> {
  return await underFreeLock(around.db, lockOf(step), (connection) =>
    buildLocked(connection, step, around, {}),
  )
}

/** Builds a day if it is empty and nobody else builds it; false, and nothing done, if not. */
export async function buildEmptyDay(
  step: DayStep,
  around: Surroundings,
  { closes = false }: DayOptions = {},
): Promise<boolean> {
  const building = { ...around, cause: causeOf(step, around), closes }
  const isBuilt = await underFreeLock(around.db, lockOf(step), (connection) =>
    retried(around, () =>
      atSnapshot(connection, async (trx) => {
        const runs = await buildEmpty(trx, step, await readDay(trx, step.date), building)
        if (runs !== undefined) await end(trx, step, building)
        return runs !== undefined
      }),
    ),
  )
  return isBuilt === true
}

async function buildLocked(
  connection: Db,
  step: DayStep,
  around: Surroundings,
  { closes = false }: DayOptions,
): Promise<Outcome> {
  const cause = causeOf(step, around)
  const began = performance.now()
  try {
    const build = () =>
      atSnapshot(connection, (trx) => buildOnce(trx, step, { ...around, cause, closes }))
    return { runs: await retried(around, build) }
  } catch (error) {
    if (!(error instanceof BuildRefused)) throw error
    const failure = { ...failureOf(error, step), seconds: secondsSince(began) }
    await recordFailures(connection, [failure], cause)
    return { runs: [], failure }
  }
}

function lockOf({ date }: DayStep): string {
  return `day:${date}`
}

function causeOf(step: DayStep, { actor, reason }: Surroundings): Cause {
  return { actor, reason: reason ?? step.reason }
}

async function atSnapshot<T>(connection: Db, work: (trx: Trx) => Promise<T>): Promise<T> {
  return await connection.transaction().setIsolationLevel('repeatable read').execute(work)
}

interface Building extends Surroundings {
  readonly cause: Cause
  readonly closes: boolean
}

async function buildOnce(
  trx: Trx,
  step: DayStep,
  building: Building,
): Promise<readonly ModelRun[]> {
  const day = await readDay(trx, step.date)
  const runs =
    (await buildEmpty(trx, step, day, building)) ?? (await buildMarts(trx, step, day, building))
  await end(trx, step, building)
  return runs
}

async function end(trx: Trx, { date }: DayStep, { graph, cause, closes }: Building): Promise<void> {
  if (closes) await markClosed(trx, { date, actor: cause.actor, graph })
}

async function buildMarts(
  trx: Trx,
  step: DayStep,
  day: DayState,
  building: Building,
): Promise<readonly ModelRun[]> {
  const { graph, cause, signal } = building
  const { date, models } = step
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
  await settle(trx, step, { day, runs, building })
  return runs
}

// Of a day without rows every model would write nothing: what is left of a build is the ledger.
async function buildEmpty(
  trx: Trx,
  step: DayStep,
  day: DayState,
  building: Building,
): Promise<readonly ModelRun[] | undefined> {
  const { graph, closes } = building
  // Its rows are in the lake: it is not ours to say that it has none.
  if (day.isArchived) return undefined
  const { isEmpty, isBuilt } = await lookAtDay(trx, step, graph)
  if (!isEmpty) return undefined
  if (isBuilt && closes) return []
  const runs = step.models.map(({ model, fingerprint }) => ({
    ...{ model: model.name, date: step.date, fingerprint, seconds: 0 },
    ...{ inserted: 0, updated: 0, deleted: 0, unchanged: 0 },
  }))
  await settle(trx, step, { day, runs, building })
  return runs
}

interface Settling {
  readonly day: DayState
  readonly runs: readonly ModelRun[]
  readonly building: Building
}

async function settle(
  trx: Trx,
  { date, models }: DayStep,
  { day, runs, building: { graph, cause } }: Settling,
): Promise<void> {
  await recordRuns(trx, runs, cause)
  const names = models.map(({ model }) => model.name)
  await takeMarks(trx, names, date)
  const changed = runs.filter(hasChanged).map(({ model }) => model)
  const below = readersOf(graph, changed).filter((name) => !names.includes(name))
  if (below.length > 0) await markBelow(trx, below, date)
  if (changed.some((model) => day.reported.has(model))) await markRevised(trx, date, cause.reason)
  if (day.isFailed) {
    const known = wholeDay(graph).map(({ model }) => model.name)
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
  if (!day.reported.has(model.name)) return { followers }
  return { followers, revision: { day: date, number: day.revision + 1, reason: cause.reason } }
}

function failureOf({ failure }: BuildRefused, { date, models }: DayStep) {
  const refused = models.find(({ model }) => model.name === failure.model)
  return { ...failure, date, fingerprint: refused?.fingerprint ?? '' }
}
