import { sql } from 'kysely'
import { rowsOf } from '../engine/audit.ts'
import { type Graph, upstreamOf } from '../engine/graph.ts'
import { type DayStep, dayModels } from '../engine/plan.ts'
import { type Statement, statement } from '../engine/statement.ts'
import { clean_upi_transactions } from '../sources.ts'
import { namesOf, printsOf } from './close-day.ts'
import { run, type Trx } from './connection.ts'

interface DayLook {
  /** Neither clean nor any mart has a row of it, and no model would give it one. */
  readonly isEmpty: boolean
  /** Closed already, as the models are now, and nothing has come since. */
  readonly isBuilt: boolean
}

/** Looks in one short statement whether there is anything to build of a day, as the snapshot of its build has it. */
export async function lookAtDay(
  trx: Trx,
  { date, models }: DayStep,
  graph: Graph,
): Promise<DayLook> {
  const clean = sql`select from ${sql.table(clean_upi_transactions.name)}
    where ${clean_upi_transactions.day} = ${date}`
  const marts = dayModels(graph.models).map(
    (model) => sql`select from ${sql.table(model.name)} as m where ${rowsOf(model, { day: date })}`,
  )
  const any = [clean, ...marts].map((rows) => sql`exists (${rows})`)
  const [found] = await run<{ rows: boolean; built: boolean }>(
    trx,
    statement(sql`select ${sql.join(any, sql` or `)} as rows, ${isBuilt(date, models)} as built`),
  )
  const isEmpty = found?.rows === false && !(await givesRows(trx, graph))
  return { isEmpty, isBuilt: found?.built === true }
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

// Whether the models make rows of nothing, one a day of a calendar say: found out once, for all days at once.
async function givesRows(trx: Trx, graph: Graph): Promise<boolean> {
  const known = answers.get(graph)
  if (known !== undefined) return known
  const asked = overNothing(graph)
  const [found] = asked === undefined ? [] : await run<{ rows: boolean }>(trx, asked)
  const isGiven = found?.rows !== false
  answers.set(graph, isGiven)
  return isGiven
}

const answers = new WeakMap<Graph, boolean>()

// The queries themselves over a clean without rows, each under the name by which the next reads it: what stands in the
// database, maybe another version's, has no say. Undefined where values are bound, which are numbered for one query.
function overNothing(graph: Graph): Statement | undefined {
  const { name } = clean_upi_transactions
  const days = dayModels(graph.models)
  const needed = new Set([...days, ...upstreamOf(days)])
  const queries = graph.models
    .filter((model) => needed.has(model))
    .map((model) => ({ name: model.name, ...model.compile() }))
  if (queries.some(({ parameters }) => parameters.length > 0)) return undefined
  const parts = [{ name, sql: `select * from ${name} where false` }, ...queries].map(
    (query) => sql`${sql.ref(query.name)} as (${sql.raw(query.sql)})`,
  )
  const any = days.map((model) => sql`exists (select from ${sql.table(model.name)})`)
  return statement(sql`with ${sql.join(parts)} select ${sql.join(any, sql` or `)} as rows`)
}
