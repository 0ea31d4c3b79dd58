import { sql } from 'kysely'
import {
  REFRESH_FAILED_PAUSE_SECONDS_MIN,
  REFRESH_PAUSE_FACTOR,
  REFRESH_SECONDS_MAX,
} from '../../core/limits.ts'
import { type DayStep, plan, type Step, type WholeStep, wholeModels } from '../engine/plan.ts'
import { secondsSince } from './build.ts'
import { buildFreeDay, hasChanged, type Outcome, type Surroundings } from './build-day.ts'
import { buildWhole } from './build-whole.ts'
import type { Db } from './connection.ts'
import { readWarehouse, readWithoutDays } from './read-warehouse.ts'
import { prepare } from './run-day.ts'

/** What a refresh has done with a day, or with a model that has no days. */
export interface Refreshed {
  /** The day, or the name of the model. */
  readonly key: string
  /** Whether any figure is another one now. */
  readonly changed: boolean
  readonly seconds: number
}

/** What a refresh leaves for later, and why. */
export interface Waiting {
  readonly key: string
  readonly reason: string
  /** When it may be built, in ISO 8601. */
  readonly until?: string
}

export interface RefreshResult {
  readonly built: readonly Refreshed[]
  readonly failed: readonly { readonly key: string; readonly error: string }[]
  readonly waiting: readonly Waiting[]
}

export interface RefreshOptions {
  /** Told of each key before it is built. */
  readonly onKey?: (key: string) => void
  /** Days that are not begun by then are left for the next refresh. */
  readonly secondsMax?: number
}

/**
 * Builds what is dirty, the newest day first: each key only when ten times what its last build took have passed since,
 * and no day that somebody else is building. It closes nothing; a closed day that changes becomes revised.
 */
export async function refresh(
  around: Surroundings,
  { onKey = () => {}, secondsMax = REFRESH_SECONDS_MAX }: RefreshOptions = {},
): Promise<RefreshResult> {
  await prepare(around)
  const { db, graph } = around
  const result: Notes = { built: [], failed: [], waiting: [] }
  const steps = plan(graph, { models: graph.models }, await readWarehouse(db, graph))
  for (const step of steps) {
    if (step.kind === 'skip') result.waiting.push({ key: step.date, reason: step.reason })
  }
  const days = await due(db, steps.filter(isDay).toReversed(), result)
  const began = performance.now()
  for (const step of days) {
    if (secondsSince(began) > secondsMax) {
      result.waiting.push({ key: step.date, reason: 'left for the next refresh' })
      continue
    }
    onKey(step.date)
    note(result, step.date, await buildFreeDay(step, around))
  }
  // Looked up again: it is the days that were built just now from which these follow, and not those that wait.
  const models = wholeModels(graph.models)
  const after = plan(graph, { models }, await readWithoutDays(db, graph)).filter(isWhole)
  for (const step of await due(db, after, result)) {
    onKey(keyOf(step))
    note(result, keyOf(step), await buildWhole(step, around))
  }
  return result
}

interface Notes extends RefreshResult {
  readonly built: Refreshed[]
  readonly failed: { key: string; error: string }[]
  readonly waiting: Waiting[]
}

function note({ built, failed, waiting }: Notes, key: string, outcome: Outcome | undefined): void {
  if (outcome === undefined) {
    waiting.push({ key, reason: 'being built by another' })
    return
  }
  const { runs, failure } = outcome
  if (failure !== undefined) failed.push({ key, error: `${failure.model}: ${failure.error}` })
  else {
    const seconds = runs.reduce((sum, run) => sum + run.seconds, 0)
    built.push({ key, changed: runs.some(hasChanged), seconds: Math.round(seconds * 1000) / 1000 })
  }
}

/** The steps that may be taken now; of the others it is noted until when they wait. */
async function due<S extends DayStep | WholeStep>(
  db: Db,
  steps: readonly S[],
  { waiting }: Notes,
): Promise<S[]> {
  const until = await readPauses(db, steps)
  return steps.filter((step) => {
    const key = keyOf(step)
    const at = until.get(key)
    if (at !== undefined) waiting.push({ key, reason: 'built a short while ago', until: at })
    return at === undefined
  })
}

// By when and how long each model of a step was built last.
async function readPauses(
  db: Db,
  steps: readonly (DayStep | WholeStep)[],
): Promise<ReadonlyMap<string, string>> {
  if (steps.length === 0) return new Map()
  const keys = steps.flatMap((step): { date: string | null; model: string }[] =>
    step.kind === 'day'
      ? step.models.map(({ model }) => ({ date: step.date, model: model.name }))
      : [{ date: null, model: step.model.name }],
  )
  const { rows } = await sql<{ key: string; until: Date }>`
    select key, until from (
      select coalesce(k.date::text, k.model) as key, max(finished_at) + make_interval(secs => greatest(
        ${REFRESH_PAUSE_FACTOR}::float8 * sum(seconds)::float8,
        case when bool_or(state = 'failed') then ${REFRESH_FAILED_PAUSE_SECONDS_MIN}::float8 else 0 end)) as until
      from jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) as k (date date, model text)
      cross join lateral (
        select finished_at, seconds, state from ops.model_runs as r
        where r.model = k.model and (k.date is null or r.business_date = k.date) order by run_id desc limit 1
      ) as last
      group by 1
    ) as pauses
    where until > clock_timestamp()`.execute(db)
  return new Map(rows.map(({ key, until }) => [key, until.toISOString()]))
}

function keyOf(step: DayStep | WholeStep): string {
  return step.kind === 'day' ? step.date : step.model.name
}

function isDay(step: Step): step is DayStep {
  return step.kind === 'day'
}

function isWhole(step: Step): step is WholeStep {
  return step.kind === 'whole'
}
