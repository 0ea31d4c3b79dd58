import { sql } from 'kysely'
import type { Model } from '../engine/define-model.ts'
import type { WholeStep } from '../engine/plan.ts'
import { agree, BuildRefused, buildModel, retried, secondsSince } from './build.ts'
import { hasChanged, type Outcome, readersOf, type Surroundings } from './build-day.ts'
import { type Db, type Trx, underLock } from './connection.ts'
import { changedSince, rememberSnapshot } from './discover.ts'
import {
  type Cause,
  type ModelRun,
  markBelow,
  recordFailures,
  recordRuns,
  takeMarks,
} from './ledger.ts'
import { holdViews } from './make-relations.ts'

/**
 * Builds a model that has no days, in one REPEATABLE READ transaction: all of it, or the keys whose rows in the mart it
 * follows were written since its last build, as this very snapshot sees them, and those that vanished there.
 */
export async function buildWhole(step: WholeStep, around: Surroundings): Promise<Outcome> {
  const { db, signal } = around
  const { model, fingerprint } = step
  const cause = { actor: around.actor, reason: around.reason ?? step.reason }
  return await underLock(db, { subject: `model:${model.name}`, signal }, async (connection) => {
    const began = performance.now()
    try {
      return {
        runs: [await retried(around, () => buildOnce(connection, step, { ...around, cause }))],
      }
    } catch (error) {
      if (!(error instanceof BuildRefused)) throw error
      const seconds = secondsSince(began)
      const failure = { ...error.failure, date: null, fingerprint, seconds }
      await recordFailures(connection, [failure], cause)
      return { runs: [], failure }
    }
  })
}

async function buildOnce(
  connection: Db,
  { model, fingerprint, scope: wanted }: WholeStep,
  { graph, cause, signal }: Surroundings & { readonly cause: Cause },
): Promise<ModelRun> {
  return await connection
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      await holdViews(trx, graph)
      const keysIn = wanted === 'all' ? undefined : await listStaleKeys(trx, model)
      const scope = keysIn === undefined ? undefined : { keysIn }
      const besides = { followers: graph.followersOf(model) }
      const run = await buildModel(trx, {
        model,
        fingerprint,
        date: null,
        scope,
        besides,
        signal,
      })
      await agree(trx, [model], { scope, signal })
      await recordRuns(trx, [run], cause)
      await takeMarks(trx, [model.name], null)
      if (model.follows !== undefined) await rememberSnapshot(trx, model.name)
      if (hasChanged(run)) await markBelow(trx, readersOf(graph, [model.name]), null)
      return run
    })
}

// Undefined when it is not known since when to look: then all keys are stale.
async function listStaleKeys(
  trx: Trx,
  { name, follows, grain, columns }: Model,
): Promise<string | undefined> {
  const since = await changedSince(trx, name)
  if (since === undefined || follows === undefined) return undefined
  const keys = `keys_${name}`
  const type = sql.raw(columns[grain[0] as string]?.type ?? 'text')
  await sql`create temporary table ${sql.table(keys)} on commit drop as
    select distinct ${sql.ref(follows.by)} as key from ${sql.table(follows.mart.name)} where ${since}
    union
    select merchant::${type} from ops.dirty_keys where model = ${sql.lit(name)} and merchant is not null`.execute(
    trx,
  )
  // Without it the planner takes a handful of keys for many, or many for a handful.
  await sql`analyze ${sql.table(keys)}`.execute(trx)
  return keys
}
