import { sql } from 'kysely'
import type { Found } from '../formats/dbt-catalog.ts'
import type { LastRun } from '../formats/dbt-run-results.ts'
import type { Place } from '../formats/places.ts'
import type { Db } from './connection.ts'

/** Where this connection finds the relations, and what answers there. */
export async function readPlace(db: Db): Promise<Place & { readonly version: string }> {
  const { rows } = await sql<Place & { version: string }>`
    select current_database() as database, current_schema()::text as schema,
      current_setting('server_version') as version`.execute(db)
  const [place] = rows
  if (place === undefined) throw new Error('a query of functions gave no row')
  return place
}

/** Reads what the database knows of some relations; partitions count with their table. */
export async function readCatalog(db: Db, names: readonly string[]): Promise<Found[]> {
  const { rows } = await sql<Omit<Found, 'rows' | 'bytes'> & { rows: string; bytes: string }>`
    select relname as name, case relkind when 'v' then 'VIEW' else 'BASE TABLE' end as type,
      pg_get_userbyid(relowner) as owner, obj_description(c.oid, 'pg_class') as comment,
      (select jsonb_agg(jsonb_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
          'comment', col_description(attrelid, attnum)) order by attnum)
        from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
      part.rows, part.bytes
    from pg_class as c
      cross join lateral (
        select sum(nullif(reltuples, -1))::bigint as rows, sum(pg_total_relation_size(oid))::bigint as bytes
        from pg_class where relkind = 'r'
          and (oid = c.oid or oid in (select relid from pg_partition_tree(c.oid)))
      ) as part
    where relname = any (${names}) and relkind in ('r', 'p', 'v')
      and relnamespace = current_schema::regnamespace`.execute(db)
  const numberOf = (count: string | null) => (count === null ? null : Number(count))
  return rows.map(({ rows: counted, bytes, ...found }) => ({
    ...found,
    rows: numberOf(counted),
    bytes: numberOf(bytes),
  }))
}

/** Reads the last build of each model and day from the ledger. */
export async function readLastRuns(db: Db): Promise<LastRun[]> {
  const { rows } = await sql<Omit<LastRun, 'changed' | 'seconds'> & Record<Counted, string>>`
    select distinct on (model, business_date) model, business_date as date,
      (business_date + 1)::date as until, rows_inserted + rows_updated + rows_deleted as changed,
      seconds, error, coalesce(jsonb_array_length(bad_rows), 0) as "badRows", finished_at as "finishedAt"
    from ops.model_runs
    order by model, business_date, run_id desc`.execute(db)
  return rows.map((row) => ({ ...row, changed: Number(row.changed), seconds: Number(row.seconds) }))
}

type Counted = 'changed' | 'seconds'
