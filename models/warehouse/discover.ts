import { sql } from 'kysely'
import type { Graph } from '../engine/graph.ts'
import { readsClean } from '../engine/standing.ts'
import { clean_upi_transactions } from '../sources.ts'
import { type Db, type Trx, underLock } from './connection.ts'

/** The one table from which all days come. */
const CLEAN = clean_upi_transactions.name

/**
 * Turns what happened to clean since the last look into marks, one a model and day: rows that became visible between
 * two snapshots, and what the stream has marked because it cannot be seen, such as rows that left a day. A transaction
 * of its own, so that marks that come while a day is built outlive the build.
 */
export async function discover(db: Db, graph: Graph, signal?: AbortSignal): Promise<void> {
  await underLock(db, { subject: 'discovery', signal }, (connection) =>
    connection
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (trx) => {
        const found = new Map<string, string>()
        for (const { day, reason } of await takeStreamMarks(trx)) found.set(day, reason)
        for (const day of await changedDays(trx)) found.set(day, 'rows changed')
        await insertMarks(trx, graph, found)
        await rememberSnapshot(trx, CLEAN)
      }),
  )
}

/** The days that discovery would find, without writing anything. */
export async function lookAround(db: Db): Promise<string[]> {
  const { rows } = await sql<{ day: string }>`
    select distinct business_date as day from ops.dirty_keys where model is null`.execute(db)
  const days = new Set(rows.map(({ day }) => day))
  for (const day of await changedDays(db)) days.add(day)
  return [...days].toSorted()
}

/** The present snapshot, kept as the point up to which a source has been looked at. */
export async function rememberSnapshot(trx: Trx, source: string): Promise<void> {
  await sql`insert into ops.discovery (source, snapshot, system_identifier)
    select ${source}, pg_current_snapshot(), system_identifier from pg_control_system()
    on conflict (source) do update set snapshot = excluded.snapshot,
      system_identifier = excluded.system_identifier, discovered_at = now()`.execute(trx)
}

/**
 * Since when a source is to be looked at: a condition on its `changed_xid`. Undefined if there is no snapshot, or one
 * of another cluster, whose transaction numbers mean nothing here.
 */
export async function changedSince(db: Db, source: string) {
  const { rows } = await sql<{ snapshot: string }>`
    select snapshot::text from ops.discovery, pg_control_system() as cluster
    where source = ${source} and discovery.system_identifier = cluster.system_identifier`.execute(
    db,
  )
  const [known] = rows
  if (known === undefined) return undefined
  // The upper bound keeps out numbers of another cluster that this one has not reached yet.
  return sql<boolean>`changed_xid >= pg_snapshot_xmin(${known.snapshot}::pg_snapshot)::text::bigint
    and changed_xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    and not pg_visible_in_snapshot(changed_xid::text::xid8, ${known.snapshot}::pg_snapshot)`
}

/** The days that have rows. A partition that was made ahead has none. */
export async function daysWithRows(db: Db): Promise<string[]> {
  const { rows } = await sql<{ day: string }>`
    select day from (
      select to_date(right(relname, 8), 'YYYYMMDD') as day
      from pg_inherits join pg_class on pg_class.oid = inhrelid
      where inhparent = ${CLEAN}::regclass
    ) as partitions
    -- LIMIT keeps the planner from reading all of clean to answer for all days at once.
    cross join lateral (
      select from ${sql.table(CLEAN)} as c where c.business_date = partitions.day limit 1
    ) as one_row
    order by day`.execute(db)
  return rows.map(({ day }) => day)
}

async function changedDays(db: Db): Promise<string[]> {
  const since = await changedSince(db, CLEAN)
  if (since === undefined) return await daysWithRows(db)
  const { rows } = await sql<{ day: string }>`
    select distinct business_date as day from ${sql.table(CLEAN)} where ${since}`.execute(db)
  return rows.map(({ day }) => day)
}

async function takeStreamMarks(trx: Trx): Promise<{ day: string; reason: string }[]> {
  const { rows } = await sql<{ day: string; reason: string }>`
    delete from ops.dirty_keys where model is null
    returning business_date as day, reason`.execute(trx)
  return rows
}

async function insertMarks(
  trx: Trx,
  graph: Graph,
  days: ReadonlyMap<string, string>,
): Promise<void> {
  const ours = graph.models.map(({ name }) => name)
  // A model that this version does not know may be another's, which would never hear of the change.
  await sql`insert into ops.dirty_keys (model, business_date, reason)
    select model, day, reason
    from (
        select unnest(${markedModels(graph)}::text[])
        union select model from ops.model_days
          where model <> all (${ours}) and to_regclass(quote_ident(model)) is not null
      ) as known (model),
      unnest(${[...days.keys()]}::date[], ${[...days.values()]}::text[]) as found (day, reason)`.execute(
    trx,
  )
}

/** The models that a change of clean concerns at once. A table that reads marts only is marked by their builds. */
export function markedModels({ models }: Graph): string[] {
  return models
    .filter(({ kind, reads }) => kind === 'by day' || (kind === 'table' && reads.some(readsClean)))
    .map(({ name }) => name)
}
