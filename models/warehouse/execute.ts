import { CompiledQuery, type Kysely, sql, type Transaction } from 'kysely'
import { MODEL_BUILD_ATTEMPTS_MAX, VIEW_LOCK_WAIT_MS_MAX } from '../../core/limits.ts'
import type { DayStep, Stamped, Step, ViewsStep, Warehouse } from './plan.ts'
import { type BuildCounts, renderDay, renderViews, type Statement } from './render.ts'

/** What one build of one model for one day has done; a row of the ledger. */
export interface ModelRun {
  readonly model: string
  readonly date: string
  readonly fingerprint: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
  readonly seconds: number
}

/** What the engine needs of its surroundings; it makes no connection and knows no table of the books. */
export interface Surroundings<DB> {
  readonly db: Kysely<DB>
  /** Writes the ledger, in the transaction of the build. */
  readonly record: (trx: Transaction<DB>, runs: readonly ModelRun[]) => Promise<void>
  /** Cancels the statement that runs, on the server too. */
  readonly signal?: AbortSignal | undefined
}

/** Runs a plan, step by step, and returns what was built. */
export async function execute<DB>(
  steps: readonly Step[],
  around: Surroundings<DB>,
): Promise<ModelRun[]> {
  const runs: ModelRun[] = []
  for (const step of steps) {
    if (step.kind === 'views') await makeViews(step, around)
    if (step.kind === 'day') runs.push(...(await buildDay(step, around)))
  }
  return runs
}

/** Reads which views the database has, and of what query. */
export async function readViews<DB>(db: Kysely<DB>): Promise<Warehouse['views']> {
  const { rows } = await sql<{ name: string; fingerprint: string | null }>`
    select relname as name,
      substring(obj_description(oid, 'pg_class') from '\\[model ([0-9a-f]+)\\]$') as fingerprint
    from pg_class
    where relkind = 'v' and relnamespace = current_schema::regnamespace`.execute(db)
  return new Map(rows.map((row) => [row.name, row.fingerprint ?? '']))
}

// Dropping a view waits for all who read it, and new readers wait behind: briefly, or not now.
async function makeViews<DB>(step: ViewsStep, { db, signal }: Surroundings<DB>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${lockKey('views')})`.execute(trx)
    const views = await readViews(trx)
    const stale = step.models.filter(
      ({ model, fingerprint }) => views.get(model.name) !== fingerprint,
    )
    await sql`set local lock_timeout = ${sql.lit(VIEW_LOCK_WAIT_MS_MAX)}`.execute(trx)
    for (const statement of renderViews({ ...step, models: stale })) {
      await run(trx, statement, signal)
    }
  })
}

/**
 * Builds one day: the lock first and outside, so that the snapshot is taken once it is ours; then all marts, what
 * they had to change and the ledger in one REPEATABLE READ transaction. Readers see the day before or after.
 */
async function buildDay<DB>(step: DayStep, around: Surroundings<DB>): Promise<ModelRun[]> {
  return await around.db.connection().execute(async (connection) => {
    const lock = sql`select pg_advisory_lock(${lockKey(`day:${step.date}`)})`
    try {
      await lock.execute(connection, cancellable(around.signal))
      return await retried(() => buildDayOnce(step, { ...around, db: connection }))
    } finally {
      await unlock(connection)
    }
  })
}

// A cancellation that comes too late for its statement may hit this one, once. A session that is gone has no locks.
async function unlock<DB>(connection: Kysely<DB>): Promise<void> {
  const all = sql`select pg_advisory_unlock_all()`
  await all.execute(connection).catch(() => all.execute(connection).catch(() => {}))
}

async function buildDayOnce<DB>(step: DayStep, around: Surroundings<DB>): Promise<ModelRun[]> {
  const { db, record, signal } = around
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      const runs: ModelRun[] = []
      for (const stamped of step.models) runs.push(await buildMart(trx, stamped, step.date, signal))
      await record(trx, runs)
      return runs
    })
}

async function buildMart<DB>(
  trx: Transaction<DB>,
  { model, fingerprint }: Stamped,
  date: string,
  signal: AbortSignal | undefined,
): Promise<ModelRun> {
  const began = performance.now()
  const [aggregate, apply] = renderDay(model, date)
  await run(trx, aggregate, signal)
  const { rows } = await run(trx, apply, signal)
  const counts = rows[0] as BuildCounts
  const [inserted, updated] = [Number(counts.inserted), Number(counts.updated)]
  return {
    model: model.name,
    date,
    fingerprint,
    inserted,
    updated,
    deleted: Number(counts.deleted),
    unchanged: Number(counts.built) - inserted - updated,
    seconds: Math.round(performance.now() - began) / 1000,
  }
}

// The lock keeps other builds away; what is left are readers with locks and a partition that is just being attached.
async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt()
    } catch (error) {
      const code = (error as { code?: unknown }).code
      const isCollision = code === '40001' || code === '40P01'
      if (!isCollision || attempts === MODEL_BUILD_ATTEMPTS_MAX) throw error
    }
  }
}

async function run<DB>(
  trx: Transaction<DB>,
  { text, parameters }: Statement,
  signal: AbortSignal | undefined,
) {
  const query = CompiledQuery.raw(text, [...parameters])
  return await trx.executeQuery<BuildCounts>(query, cancellable(signal))
}

function cancellable(signal: AbortSignal | undefined) {
  return { signal, inflightQueryAbortStrategy: 'cancel query' } as const
}

function lockKey(subject: string) {
  return sql`hashtextextended(${`upi:${subject}`}, 0)`
}
