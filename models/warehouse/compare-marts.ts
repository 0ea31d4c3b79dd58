import { sql } from 'kysely'
import type { Model } from '../engine/define-model.ts'
import type { Graph } from '../engine/graph.ts'
import {
  type Comparison,
  DIFFERENCES_SHOWN_MAX,
  type Difference,
  renderCompare,
} from '../engine/render-compare.ts'
import { type DayRange, type Standing, standingOf } from '../engine/standing.ts'
import { secondsSince } from './build.ts'
import { cancellable, run, type Trx } from './connection.ts'
import { changedSince, lookAround } from './discover.ts'
import { readWarehouse } from './read-warehouse.ts'

/** A mart beside what its query gives over what is there now. */
export interface ComparedMart {
  readonly model: string
  /** Rows that the query gives. */
  readonly checked: number
  readonly wrong: number
  readonly first: readonly Difference[]
  /** What a run would build now, and is therefore not compared: days, or keys. */
  readonly pending: readonly string[]
  readonly seconds: number
}

/** What marts are compared with. */
export interface Comparing {
  readonly trx: Trx
  readonly graph: Graph
  readonly days: DayRange
  readonly signal?: AbortSignal | undefined
  readonly onMart?: (model: string, day: string | undefined) => void
}

/**
 * Computes every mart again on the snapshot of a transaction, day by day, and compares. What is dirty, by marks or by rows
 * that no discovery has seen yet, is about to be built and is left out; so is what has left for the lake.
 */
export async function compareMarts(comparing: Comparing): Promise<ComparedMart[]> {
  const { trx, graph, days } = comparing
  const warehouse = await readWarehouse(trx, graph, await lookAround(trx))
  const standing = standingOf(graph, warehouse, days)
  const compared: ComparedMart[] = []
  for (const model of graph.models) {
    if (model.kind === 'view' || !warehouse.tables.has(model.name)) continue
    const began = performance.now()
    const found =
      model.kind === 'by day'
        ? await compareDays(comparing, model, { standing, archived: warehouse.archived })
        : await compareWhole(comparing, model, standing)
    compared.push({ model: model.name, ...found, seconds: secondsSince(began) })
  }
  return compared
}

type Found = Omit<ComparedMart, 'model' | 'seconds'>

async function compareDays(
  { trx, signal, onMart }: Comparing,
  model: Model,
  { standing, archived }: { standing: Standing; archived: ReadonlySet<string> },
): Promise<Found> {
  const pending = standing.pendingOf(model)
  const sum = { checked: 0, wrong: 0, first: [] as Difference[] }
  for (const day of standing.heldBy(model)) {
    if (pending.includes(day) || archived.has(day)) continue
    onMart?.(model.name, day)
    const [found] = await run<Comparison>(trx, renderCompare(model, { day }), signal)
    sum.checked += Number(found?.checked)
    sum.wrong += Number(found?.wrong)
    sum.first.push(...(found?.first ?? []))
  }
  return { ...sum, first: sum.first.slice(0, DIFFERENCES_SHOWN_MAX), pending }
}

// A model without days is one thing: unless it follows by key, what is dirty makes all of it pending.
async function compareWhole(
  { trx, signal, onMart }: Comparing,
  model: Model,
  standing: Standing,
): Promise<Found> {
  const all = { checked: 0, wrong: 0, first: [], pending: ['whole'] }
  const isPending = standing.pendingOf(model).length > 0
  const butKeys = isPending ? await staleKeys(trx, model) : sql`select null::text where false`
  if (butKeys === undefined) return all
  onMart?.(model.name, undefined)
  const [found] = await run<Comparison>(trx, renderCompare(model, { butKeys }), signal)
  const { first = [] } = found ?? {}
  const pending = isPending ? ['stale keys'] : []
  return { checked: Number(found?.checked), wrong: Number(found?.wrong), first, pending }
}

// Undefined where all keys are stale: not built by this version, or nobody knows since when to look.
async function staleKeys(trx: Trx, { name, follows }: Model) {
  const { rows } = await sql`
    select from ops.model_days where model = ${name} and business_date is null and state = 'built'`.execute(
    trx,
  )
  const since = await changedSince(trx, name)
  if (rows.length === 0 || since === undefined || follows === undefined) return undefined
  return sql`
    select ${sql.ref(follows.by)} from ${sql.table(follows.mart.name)} where ${since}
    union all
    select merchant from ops.dirty_keys
     where model = ${sql.lit(name)} and merchant is not null`
}

/** Compares the ledger with the marts and with its runs: days that hold rows are known, as their last build left them. */
export async function compareLedger({ trx, graph, days, signal }: Comparing): Promise<Found> {
  const marts = graph.models.filter(({ kind }) => kind === 'by day')
  const held = marts.map(
    ({ name, day }) => sql`
      select distinct ${sql.lit(name)}::text as model, ${day} as day from ${sql.table(name)}
       where ${day} between ${days.from} and ${days.to}`,
  )
  const { rows } = await sql<Difference>`
    with ledger as (
      select model, business_date, state, fingerprint from ops.model_days
       where business_date is null or business_date between ${days.from} and ${days.to})
    select concat_ws(' ', model, day) as key, 'rows' as found, 'none: the ledger has no such day' as expected
      from (${sql.join(held, sql` union all `)}) as held
     where not exists (select from ledger where ledger.model = held.model and ledger.business_date = held.day)
    union all
    select concat_ws(' ', model, business_date), state, coalesce('the last run: ' || last.ran, 'a run')
      from ledger left join lateral (${lastRun}) as last on true
     where (last.ran, last.by) is distinct from (ledger.state, ledger.fingerprint)
    order by 1`.execute(trx, cancellable(signal))
  const { rows: counted } = await sql<{ checked: string }>`
    select count(*) as checked from ops.model_days
     where business_date is null or business_date between ${days.from} and ${days.to}`.execute(trx)
  const checked = Number(counted[0]?.checked)
  return { checked, wrong: rows.length, first: rows.slice(0, DIFFERENCES_SHOWN_MAX), pending: [] }
}

// Two questions, since no index answers "is not distinct from".
const lastRun = sql`
  (select state as ran, fingerprint as by from ops.model_runs as r
    where r.model = ledger.model and r.business_date = ledger.business_date order by run_id desc limit 1)
  union all
  (select state, fingerprint from ops.model_runs as r
    where r.model = ledger.model and ledger.business_date is null and r.business_date is null
    order by run_id desc limit 1)`
