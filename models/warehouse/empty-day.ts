import { sql } from 'kysely'
import { rowsOf } from '../engine/audit.ts'
import type { Model } from '../engine/define-model.ts'
import type { Graph } from '../engine/graph.ts'
import { type DayStep, dayModels } from '../engine/plan.ts'
import { statement } from '../engine/statement.ts'
import { clean_upi_transactions } from '../sources.ts'
import { namesOf, printsOf } from './close-day.ts'
import { run, type Trx } from './connection.ts'
import type { Cause, ModelRun } from './ledger.ts'

interface Settling {
  readonly graph: Graph
  readonly cause: Cause
  /** Ends the day as well. */
  readonly closes: boolean
}

/**
 * Builds a day of which neither clean nor any mart has a row, in two short statements: every model of it would write
 * nothing, so that what is left of a build is the ledger. Undefined, and nothing done, for every other day. Both see
 * the snapshot of the transaction, which was taken under the day's lock.
 */
export async function settleEmpty(
  trx: Trx,
  { date, models }: DayStep,
  { graph, cause, closes }: Settling,
): Promise<ModelRun[] | undefined> {
  const { hasRows, isSettled } = await look(trx, { date, models, graph })
  if (hasRows) return undefined
  if (isSettled && closes) return []
  if (await madeOfNothing(trx, graph, date)) return undefined
  const [names, day] = [namesOf(models), sql`${date}::date`]
  await sql`with models as (
      select * from unnest(${names}::text[], ${printsOf(models)}::text[]) as m (model, fingerprint)
    ), noted as (
      insert into ops.model_runs (model, business_date, fingerprint, actor, reason)
      select model, ${day}, fingerprint, ${cause.actor}, ${cause.reason} from models
    ), held as (
      insert into ops.model_days as m (model, business_date, state, fingerprint)
      select model, ${day}, 'built', fingerprint from models
      on conflict (model, business_date) do update
        set state = 'built', fingerprint = excluded.fingerprint, built_at = clock_timestamp()
    ), marks as (
      delete from ops.dirty_keys where model = any (${names}) and business_date = ${day}
    )
    ${closes ? closed(day, cause) : mended(day, names)}`.execute(trx)
  return models.map(({ model, fingerprint }) => ({
    ...{ model: model.name, date, fingerprint, seconds: 0 },
    ...{ inserted: 0, updated: 0, deleted: 0, unchanged: 0 },
  }))
}

function closed(day: ReturnType<typeof sql>, { actor }: Cause) {
  return sql`insert into ops.days as d (business_date, state, closed_at, closed_by)
    values (${day}, 'closed', now(), ${actor})
    on conflict (business_date) do update set state = 'closed', closed_at = now(), closed_by = excluded.closed_by,
        failed_at = null, error = null
      where d.state <> 'closed' or d.failed_at is not null`
}

function mended(day: ReturnType<typeof sql>, names: readonly string[]) {
  return sql`update ops.days set failed_at = null, error = null
    where business_date = ${day} and failed_at is not null and not exists (
      select from ops.model_days as m
      where m.business_date = ${day} and m.state = 'failed' and m.model <> all (${names})
    )`
}

interface Look {
  readonly hasRows: boolean
  /** Closed already, as the models are now, and nothing has come since. */
  readonly isSettled: boolean
}

// A day in the lake has no rows in clean either, and is not ours to say of that it is empty.
async function look(
  trx: Trx,
  { date, models, graph }: Pick<DayStep, 'date' | 'models'> & { readonly graph: Graph },
): Promise<Look> {
  const scope = { day: date }
  const clean = sql`select from ${sql.table(clean_upi_transactions.name)}
    where ${clean_upi_transactions.day} = ${date}`
  const lake = sql`select from ops.days where business_date = ${date} and archived_at is not null`
  const marts = dayModels(graph.models).map(
    (model) => sql`select from ${sql.table(model.name)} as m where ${rowsOf(model, scope)}`,
  )
  const any = [clean, lake, ...marts].map((rows) => sql`exists (${rows})`)
  const [found] = await run<{ rows: boolean; settled: boolean }>(
    trx,
    statement(sql`select ${sql.join(any, sql` or `)} as rows, ${isBuilt(date, models)} as settled`),
  )
  return { hasRows: found?.rows !== false, isSettled: found?.settled === true }
}

/** Whether a day is closed and every model of it built as it is now, later than an instant; and nothing marked since. */
export function isBuilt(date: string, models: DayStep['models'], since = new Date(0)) {
  const names = namesOf(models)
  return sql<boolean>`(exists (
      select from ops.days where business_date = ${date} and state = 'closed' and failed_at is null
    ) and not exists (
      select from unnest(${names}::text[], ${printsOf(models)}::text[]) as p (model, fingerprint)
      where not exists (
        select from ops.model_days as m where m.model = p.model and m.business_date = ${date}
          and m.state = 'built' and m.fingerprint = p.fingerprint and m.built_at >= ${since})
    ) and not exists (
      select from ops.dirty_keys where model = any (${names}) and business_date = ${date}
    ))`
}

// A model whose query gives rows for a day without any, a calendar say, must be asked each time: found out once.
async function madeOfNothing(trx: Trx, graph: Graph, date: string): Promise<boolean> {
  const known = answers.get(graph)
  if (known !== undefined) return known
  let isMade = false
  for (const model of dayModels(graph.models)) isMade ||= await givesRows(trx, model, date)
  answers.set(graph, isMade)
  return isMade
}

const answers = new WeakMap<Graph, boolean>()

async function givesRows(trx: Trx, model: Model, date: string): Promise<boolean> {
  const { sql: text, parameters } = model.compile({ day: date })
  const rows = await run(trx, { text: `select from (${text}) as q limit 1`, parameters })
  return rows.length > 0
}
