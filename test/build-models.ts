import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Model } from '../models/engine/define-model.ts'
import { explain } from '../models/engine/explain.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { MODELS } from '../models/index.ts'
import type { Executed, Watcher } from '../models/warehouse/execute.ts'
import { runDayAlone } from '../models/warehouse/run-day.ts'
import { planModels, runModels } from '../models/warehouse/run-models.ts'
import type { Database } from '../platform/database.ts'

/** The models of the platform. */
export const GRAPH = makeGraph(MODELS)

/** Builds a day though it is up to date, and what follows from it. */
export async function buildDay(db: Kysely<Database>, date: string): Promise<Executed> {
  return await runDayAlone({ db, graph: GRAPH, actor: 'test' }, date)
}

/** Builds all that is stale. */
export async function refresh(
  db: Kysely<Database>,
  {
    models = MODELS as readonly Model[],
    signal,
    watcher,
  }: { models?: readonly Model[]; signal?: AbortSignal; watcher?: Watcher } = {},
): Promise<Executed> {
  const graph = models === MODELS ? GRAPH : makeGraph(models)
  return await runModels({ db, graph, actor: 'test', signal }, { models: graph.models }, watcher)
}

/** What a refresh would do, as lines. */
export async function planned(
  db: Kysely<Database>,
  models: readonly Model[] = MODELS,
): Promise<string[]> {
  const graph = makeGraph(models)
  const steps = await planModels({ db, graph }, { models: graph.models })
  return explain(steps).map(({ does, subject, reason }) => `${does} ${subject}: ${reason}`)
}

/** Empties clean, the marts and the ledger. */
export async function clearModels(admin: Kysely<Database>): Promise<void> {
  const marts = GRAPH.models.filter(({ kind }) => kind !== 'view')
  const tables = [
    ...marts.map(({ name }) => name),
    'clean_upi_transactions',
    ...['model_runs', 'model_days', 'dirty_keys', 'discovery', 'days', 'day_revisions'].map(
      (name) => `ops.${name}`,
    ),
  ]
  await sql`truncate ${sql.join(tables.map((name) => sql.table(name)))}`.execute(admin)
}

/** Compares each mart with what its query gives over all of clean now; empty when all are right. */
export async function wrongMarts(db: Kysely<Database>): Promise<string[]> {
  const wrong: string[] = []
  for (const model of GRAPH.models) {
    if (model.kind === 'view') continue
    const columns = sql.join(Object.keys(model.columns).map((name) => sql.ref(name)))
    const held = sql`select ${columns} from ${sql.table(model.name)}`
    const { sql: text, parameters } = model.compile()
    if (parameters.length > 0) throw new Error(`${model.name} binds values`)
    const meant = sql`select ${columns} from (${sql.raw(text)}) as meant`
    const { rows } = await sql<{ side: string }>`
      select 'too much: ' || e::text as side from (${held} except all ${meant}) as e
      union all select 'missing: ' || e::text from (${meant} except all ${held}) as e`.execute(db)
    wrong.push(...rows.map(({ side }) => `${model.name}: ${side}`))
  }
  return wrong
}
