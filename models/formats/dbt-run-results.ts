import type { Model } from '../engine/define-model.ts'
import type { Graph } from '../engine/graph.ts'
import { type Made, metadataOf } from './dbt-manifest.ts'
import { type DbtTest, testsOf } from './dbt-tests.ts'
import { idOf, type Place, queryOf, relationName } from './places.ts'
import { isAbout, isAlwaysChecked } from './promises.ts'

/** The last build of a model and a day, as the ledger has it. */
export interface LastRun {
  readonly model: string
  /** Null for a model that has no days. */
  readonly date: string | null
  /** The day after, where a batch ends. */
  readonly until: string | null
  /** Rows inserted, updated and deleted. */
  readonly changed: number
  readonly seconds: number
  /** Null if it was built. */
  readonly error: string | null
  readonly badRows: number
  readonly finishedAt: Date
}

/**
 * The last builds of all models and days as dbt's run results v6: one result a model, its days as batches, and one a
 * test that those builds have run.
 */
export function runResultsOf(graph: Graph, lastRuns: readonly LastRun[], place: Place, made: Made) {
  const results = graph.models.flatMap((model) => {
    const runs = lastRuns.filter((run) => run.model === model.name)
    if (runs.length === 0) return []
    return [
      modelResult(model, runs, place),
      ...testsOf(model).flatMap((test) => testResult(model, test, runs)),
    ]
  })
  return {
    metadata: metadataOf('run-results/v6', made),
    results,
    elapsed_time: sum(lastRuns.map(({ seconds }) => seconds)),
    args: {},
  }
}

function modelResult(model: Model, runs: readonly LastRun[], place: Place) {
  const failed = runs.filter(({ error }) => error !== null)
  const isPartial = failed.length > 0 && failed.length < runs.length
  const changed = sum(runs.map((run) => run.changed))
  const words = failed.map(({ date, error }) => `${date ?? 'all'}: ${error}`)
  return {
    status: failed.length === 0 ? 'success' : isPartial ? 'partial success' : 'error',
    ...timesOf(runs),
    adapter_response: { _message: `UPSERT ${changed}`, code: 'UPSERT', rows_affected: changed },
    message: failed.length === 0 ? `UPSERT ${changed}` : words.join('; '),
    failures: null,
    unique_id: idOf(model),
    compiled: true,
    compiled_code: queryOf(model),
    relation_name: relationName(place, model.name),
    batch_results: model.kind === 'by day' ? batchesOf(runs) : null,
  }
}

function batchesOf(runs: readonly LastRun[]) {
  const ranges = (isFailed: boolean) =>
    runs
      .filter(({ error }) => (error !== null) === isFailed)
      .map(({ date, until }) => [`${date}`, `${until}`])
  return { successful: ranges(false), failed: ranges(true) }
}

// A refused build names the first promise that was broken; what would have come after it was not looked at.
function testResult(model: Model, { id, promise }: DbtTest, runs: readonly LastRun[]) {
  if (model.kind === 'view') return []
  const failed = runs.filter(({ error }) => error !== null)
  const broken = failed.filter(({ error }) => isAbout(promise, error ?? ''))
  if (!isAlwaysChecked(promise) && broken.length === 0) return []
  const status = broken.length > 0 ? 'fail' : failed.length > 0 ? 'skipped' : 'pass'
  return [
    {
      status,
      ...timesOf(runs),
      execution_time: 0,
      adapter_response: {},
      message: broken.map(({ date, error }) => `${date ?? 'all'}: ${error}`).join('; ') || null,
      failures: status === 'skipped' ? null : sum(broken.map(({ badRows }) => badRows)),
      unique_id: id,
      compiled: true,
      compiled_code: promise.sql,
      relation_name: null,
    },
  ]
}

function timesOf(runs: readonly LastRun[]) {
  const last = Math.max(...runs.map(({ finishedAt }) => finishedAt.getTime()))
  const first = Math.min(
    ...runs.map(({ finishedAt, seconds }) => finishedAt.getTime() - seconds * 1000),
  )
  const [started_at, completed_at] = [first, last].map((at) => new Date(at).toISOString())
  return {
    timing: [{ name: 'execute', started_at, completed_at }],
    thread_id: 'Thread-1',
    execution_time: sum(runs.map(({ seconds }) => seconds)),
  }
}

// Seconds have three digits; a sum of them too.
function sum(values: readonly number[]): number {
  return Math.round(values.reduce((total, value) => total + value, 0) * 1000) / 1000
}
