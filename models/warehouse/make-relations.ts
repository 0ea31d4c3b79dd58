import { sql } from 'kysely'
import { VIEW_LOCK_WAIT_MS_MAX } from '../../core/limits.ts'
import type { Model } from '../engine/define-model.ts'
import type { Graph } from '../engine/graph.ts'
import { type RelationsStep, relations } from '../engine/plan.ts'
import { renderTable, renderTypes, renderViews } from '../engine/render-relations.ts'
import { queryFault } from '../engine/shape.ts'
import { type Db, lockKey, run, type Trx } from './connection.ts'
import { readRelations } from './read-warehouse.ts'

/** The roles that read marts; views are for the models alone. */
const MART_READERS: readonly string[] = ['upi_api', 'upi_report']

/**
 * Brings views and tables to their models, all or nothing, and returns the names of those that differed. What differs
 * is looked up again under the lock, since another may have done it meanwhile.
 */
export async function makeRelations(db: Db, graph: Graph, signal?: AbortSignal): Promise<string[]> {
  return await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${lockKey('relations')})`.execute(trx)
    const [step] = relations(graph, await readRelations(trx))
    if (step?.kind !== 'relations') return []
    // Dropping a view waits for all who read it, and new readers wait behind: briefly, or not now.
    await sql`set local lock_timeout = ${sql.lit(VIEW_LOCK_WAIT_MS_MAX)}`.execute(trx)
    await make(trx, step, signal)
    return [...step.views, ...step.tables].map(({ model }) => model.name)
  })
}

/** Another version of the platform has put its views in the place of ours. */
export class ViewsReplaced extends Error {
  constructor() {
    super('another version of the platform has replaced the views')
    this.name = 'ViewsReplaced'
  }
}

/** Keeps the views as they are for the rest of a transaction; refuses if they are not those of this version. */
export async function holdViews(trx: Trx, graph: Graph): Promise<void> {
  for (const view of graph.models.filter(({ kind }) => kind === 'view')) {
    // Reading it, if no row, keeps it from being dropped.
    await sql`select from ${sql.table(view.name)} limit 0`.execute(trx)
    // What stands there was maybe made after this snapshot, which then knows no words of it.
    const { rows } = await sql<{ words: string | null }>`
      select obj_description(to_regclass(quote_ident(${view.name})), 'pg_class') as words`.execute(
      trx,
    )
    if (rows[0]?.words?.endsWith(`[model ${graph.fingerprintOf(view)}]`) !== true) {
      throw new ViewsReplaced()
    }
  }
}

async function make(trx: Trx, step: RelationsStep, signal?: AbortSignal): Promise<void> {
  for (const statement of renderViews(step.views)) await run(trx, statement, signal)
  for (const { model } of step.views) await compareTypes(trx, model)
  for (const table of step.tables) {
    for (const statement of renderTable(table, MART_READERS)) await run(trx, statement, signal)
  }
  // Once all are there: a query reads what others make.
  for (const { model } of step.tables) await compareTypes(trx, model)
}

/** Refuses a query that does not give what its contract says, in the database's own words. */
async function compareTypes(trx: Trx, model: Model): Promise<void> {
  await run(trx, renderTypes(model))
  const { rows } = await sql<{ name: string; type: string }>`
    select attname as name, format_type(atttypid, atttypmod) as type
    from pg_attribute
    where attrelid = ${`pg_temp.typed_${model.name}`}::regclass and attnum > 0`.execute(trx)
  queryFault(model, new Map(rows.map(({ name, type }) => [name, type])))
}
