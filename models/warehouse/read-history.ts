import { sql } from 'kysely'
import { RUNS_SHOWN_MAX } from '../../core/limits.ts'
import type { DayBook, Held, History } from '../docs-site/make-site.ts'
import type { RunEntry } from '../docs-site/site-data.ts'
import type { Graph } from '../engine/graph.ts'
import type { Db } from './connection.ts'

/** Reads what the ledger tells of the models, for people. What a check has refused is not read: it may be of a person. */
export async function readHistory(db: Db, graph: Graph): Promise<Omit<History, 'cleanDays'>> {
  const names = graph.models.map(({ name }) => name)
  return {
    held: await readHeld(db),
    days: await readBooks(db),
    runs: await readRuns(db, names),
    rows: await readRowCounts(db, names),
  }
}

async function readHeld(db: Db): Promise<History['held']> {
  const { rows } = await sql<Held & { model: string; day: string }>`
    select model, coalesce(business_date::text, '') as day, state, built_at as "builtAt"
    from ops.model_days`.execute(db)
  const byModel = Map.groupBy(rows, ({ model }) => model)
  const held = [...byModel].map(
    ([model, days]) => [model, new Map(days.map(({ day, ...rest }) => [day, rest]))] as const,
  )
  return new Map(held)
}

async function readBooks(db: Db): Promise<History['days']> {
  const { rows } = await sql<DayBook & { day: string }>`
    select business_date as day, state, archived_at is not null as "isArchived", revision
    from ops.days`.execute(db)
  return new Map(rows.map(({ day, ...book }) => [day, book]))
}

async function readRuns(db: Db, names: readonly string[]): Promise<History['runs']> {
  const { rows } = await sql<RunEntry & { model: string }>`
    select r.model, finished_at as at, business_date as day, state, reason, error, rows_inserted::float8 as inserted,
      rows_updated::float8 as updated, rows_deleted::float8 as deleted, rows_unchanged::float8 as unchanged,
      seconds::float8
    from unnest(${names}::text[]) as m (model)
    cross join lateral (
      select * from ops.model_runs where model = m.model order by run_id desc limit ${sql.lit(RUNS_SHOWN_MAX)}
    ) as r
    order by r.model, run_id desc`.execute(db)
  return Map.groupBy(rows, ({ model }) => model)
}

const BYTES_COUNTED_MAX = 1_000_000

// What the planner knows, for a count would read all of every mart; of a small one it often knows nothing.
async function readRowCounts(db: Db, names: readonly string[]): Promise<History['rows']> {
  const { rows } = await sql<{ name: string; known: number; bytes: number }>`
    select relname as name, reltuples::float8 as known, pg_relation_size(oid)::float8 as bytes from pg_class
    where relname = any (${names}) and relkind = 'r' and relnamespace = current_schema::regnamespace`.execute(
    db,
  )
  const counts = new Map<string, number>()
  for (const { name, known, bytes } of rows) {
    if (bytes <= BYTES_COUNTED_MAX) counts.set(name, await countRows(db, name))
    else if (known >= 0) counts.set(name, known)
  }
  return counts
}

async function countRows(db: Db, name: string): Promise<number> {
  const counted = sql<{ rows: number }>`select count(*)::float8 as rows from ${sql.table(name)}`
  const { rows } = await counted.execute(db)
  return rows[0]?.rows ?? 0
}
