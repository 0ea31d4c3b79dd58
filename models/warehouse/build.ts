import { sql } from 'kysely'
import { MODEL_BUILD_ATTEMPTS_MAX } from '../../core/limits.ts'
import {
  renderAnyBad,
  renderAudit,
  renderBadRows,
  renderDoubles,
  renderTotals,
  rowChecks,
  totalsChecks,
} from '../engine/audit.ts'
import type { Model, Scope } from '../engine/define-model.ts'
import type { Graph } from '../engine/graph.ts'
import type { Stamped } from '../engine/plan.ts'
import {
  type Besides,
  type BuildCounts,
  builtOf,
  renderAggregate,
  renderApply,
} from '../engine/render-build.ts'
import { type Db, run, type Trx } from './connection.ts'
import type { ModelFailure, ModelRun } from './ledger.ts'
import { makeRelations, ViewsReplaced } from './make-relations.ts'

/** A check that failed, or a row that Postgres did not take; the build's transaction is rolled back. */
export class BuildRefused extends Error {
  readonly failure: Omit<ModelFailure, 'date' | 'fingerprint' | 'seconds'>

  constructor(model: Model, error: string, badRows: readonly unknown[] = []) {
    super(`${model.name}: ${error}`)
    this.name = 'BuildRefused'
    this.failure = { model: model.name, error, badRows }
  }
}

/** What a build is given. */
export interface BuildInput extends Stamped {
  readonly date: string | null
  readonly scope?: Scope | undefined
  readonly besides?: Besides
  readonly signal?: AbortSignal | undefined
}

/** Computes a model's rows, audits them, and writes what differs. */
export async function buildModel(trx: Trx, input: BuildInput): Promise<ModelRun> {
  const { model, fingerprint, date, scope, besides, signal } = input
  const began = performance.now()
  await guarded(model, async () => await run(trx, renderAggregate(model, scope), signal))
  await guarded(model, async () => await audit(trx, model, { scope, signal }))
  const [counts] = await apply(trx, model, async () =>
    run<BuildCounts>(trx, renderApply(model, scope, besides), signal),
  )
  const [built, inserted] = [Number(counts?.built), Number(counts?.inserted)]
  const [updated, deleted] = [Number(counts?.updated), Number(counts?.deleted)]
  // A key twice of which one row was there already, or a row of another day, makes no conflict.
  if (built !== Number(counts?.held) + inserted - deleted) await refuseStrays(trx, model)
  return {
    model: model.name,
    date,
    fingerprint,
    inserted,
    updated,
    deleted,
    unchanged: built - inserted - updated,
    seconds: secondsSince(began),
  }
}

/** The seconds since a moment of `performance`. */
export function secondsSince(began: number): number {
  return Math.round(performance.now() - began) / 1000
}

/** Compares the sums of marts that were built together with each other and with clean. */
export async function agree(
  trx: Trx,
  models: readonly Model[],
  { scope, signal }: Pick<BuildInput, 'scope' | 'signal'>,
): Promise<void> {
  // What a model follows is as this snapshot has it, and so is what was made of it.
  const built = new Set(models.flatMap(({ name, follows }) => [name, follows?.mart.name ?? name]))
  for (const model of models) {
    for (const check of totalsChecks(model, built)) {
      const totals = renderTotals(model, check, scope)
      const bad = await guarded(model, async () => run<{ bad: unknown }>(trx, totals, signal))
      if (bad.length > 0)
        throw new BuildRefused(
          model,
          check.name,
          bad.map((row) => row.bad),
        )
    }
  }
}

/**
 * Tries again what collided with another session; the locks keep other builds away, so that it is rare. Views that
 * another version has replaced are made again: the ledger is to say what a day was made of.
 */
export async function retried<T>(
  {
    db,
    graph,
    signal,
  }: { readonly db: Db; readonly graph: Graph; readonly signal?: AbortSignal | undefined },
  attempt: () => Promise<T>,
): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt()
    } catch (error) {
      const code = codeOf(error)
      const isReplaced = error instanceof ViewsReplaced
      const isCollision = isReplaced || code === '40001' || code === '40P01'
      if (!isCollision || attempts === MODEL_BUILD_ATTEMPTS_MAX) throw error
      if (isReplaced) await makeRelations(db, graph, signal)
    }
  }
}

async function audit(
  trx: Trx,
  model: Model,
  { scope, signal }: Pick<BuildInput, 'scope' | 'signal'>,
): Promise<void> {
  const checks = rowChecks(model, scope)
  if (checks.length === 0) return
  const any = renderAnyBad(checks, builtOf(model))
  const [found] = await run<{ any_bad: boolean }>(trx, any, signal)
  if (found?.any_bad === false) return
  const [counts] = await run<Record<string, string>>(
    trx,
    renderAudit(checks, builtOf(model)),
    signal,
  )
  for (const [i, check] of checks.entries()) {
    const count = counts?.[`c${i}`] ?? '0'
    if (count === '0') continue
    const bad = await run<{ bad: unknown }>(trx, renderBadRows(check, builtOf(model)), signal)
    throw new BuildRefused(
      model,
      `${check.name}: ${count} bad rows`,
      bad.map((row) => row.bad),
    )
  }
}

const KEY_TWICE = '21000'

// ON CONFLICT refuses a key that comes twice, so that looking for one costs nothing until then.
async function apply<T>(trx: Trx, model: Model, write: () => Promise<T>): Promise<T> {
  await sql`savepoint applying`.execute(trx)
  try {
    return await guarded(model, write)
  } catch (error) {
    if (!(error instanceof BuildRefused) || codeOf(error.cause) !== KEY_TWICE) throw error
    await sql`rollback to savepoint applying`.execute(trx)
    return await refuseStrays(trx, model)
  }
}

async function refuseStrays(trx: Trx, model: Model): Promise<never> {
  const bad = await run<{ bad: unknown }>(trx, renderDoubles(model, builtOf(model)))
  throw new BuildRefused(
    model,
    bad.length > 0 ? 'key: unique' : 'rows of another day or key than the one that is built',
    bad.map((row) => row.bad),
  )
}

// What is wrong with data is a refusal of this day; what is wrong with server or program passes. Postgres may quote a
// value, which may be of a person: its words are kept where the bad rows are, and not told to everyone.
async function guarded<T>(model: Model, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = codeOf(error)
    if (!/^2[123]/.test(code)) throw error
    const words = [{ postgres: (error as Error).message }]
    const refused = new BuildRefused(model, `Postgres refused a value: SQLSTATE ${code}`, words)
    refused.cause = error
    throw refused
  }
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : ''
}
