import { sql } from 'kysely'
import type { Graph } from '../engine/graph.ts'
import type { Built, Warehouse } from '../engine/plan.ts'
import { CHANGED_XID, type Table } from '../engine/shape.ts'
import type { Db } from './connection.ts'
import { changedSince, daysWithRows, markedModels } from './discover.ts'

/** Reads all that a plan must know of the database; `found` are days that discovery would mark now. */
export async function readWarehouse(
  db: Db,
  graph: Graph,
  found: readonly string[] = [],
): Promise<Warehouse> {
  const { views, tables } = await readRelations(db)
  return {
    views,
    tables,
    built: await readBuilt(db),
    marked: withMarks(await readMarks(db), markedModels(graph), found),
    days: new Set(await daysWithRows(db)),
    archived: await readArchived(db),
    stale: await readStale(db, graph, tables),
  }
}

/** The same as far as models without days go: it takes as long with ten years of days in the ledger as with none. */
export async function readWithoutDays(db: Db, graph: Graph): Promise<Warehouse> {
  const { views, tables } = await readRelations(db)
  const none = new Set<string>()
  return {
    ...{ views, tables, days: none, archived: none },
    built: await readBuilt(db, sql`business_date is null`),
    marked: await readMarks(db, sql`business_date is null`),
    stale: await readStale(db, graph, tables),
  }
}

/** Reads which views and tables there are, and what they were made of. */
export async function readRelations(db: Db): Promise<Pick<Warehouse, 'views' | 'tables'>> {
  const { rows } = await sql<{
    name: string
    kind: 'v' | 'r' | 'p'
    mark: string | null
    columns: Record<string, string>
    required: string[]
    key: string[]
  }>`select relname as name, relkind as kind,
      substring(obj_description(c.oid, 'pg_class') from '\\[model ([0-9a-f]+)\\]$') as mark,
      (select jsonb_object_agg(attname, format_type(atttypid, atttypmod)) from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
      array(select attname::text from pg_attribute
        where attrelid = c.oid and attnum > 0 and attnotnull) as required,
      array(select attname::text from pg_index join pg_attribute
        on attrelid = indrelid and attnum = any (indkey) where indrelid = c.oid and indisprimary) as key
    from pg_class as c
    where relkind in ('v', 'r', 'p') and relnamespace = current_schema::regnamespace`.execute(db)
  const views = rows.filter(({ kind }) => kind === 'v')
  const tables = rows.filter(({ kind }) => kind !== 'v')
  return {
    views: new Map(views.map(({ name, mark }) => [name, mark ?? ''])),
    tables: new Map(
      tables.map(({ name, mark, columns, required, key }): [string, Table] => [
        name,
        {
          shape: mark ?? '',
          columns: new Map(Object.entries(columns ?? {})),
          required: new Set(required),
          key,
        },
      ]),
    ),
  }
}

async function readBuilt(db: Db, which = sql`true`): Promise<Warehouse['built']> {
  const { rows } = await sql<Built & { model: string; day: string }>`
    select model, coalesce(business_date::text, '') as day, fingerprint, state
    from ops.model_days where ${which}`.execute(db)
  const built = new Map<string, Map<string, Built>>()
  for (const { model, day, ...rest } of rows) {
    if (!built.has(model)) built.set(model, new Map())
    built.get(model)?.set(day, rest)
  }
  return built
}

async function readMarks(db: Db, which = sql`true`): Promise<Map<string, Set<string>>> {
  const { rows } = await sql<{ model: string; day: string }>`
    select distinct model, coalesce(business_date::text, '') as day
    from ops.dirty_keys where model is not null and ${which}`.execute(db)
  const marked = new Map<string, Set<string>>()
  for (const { model, day } of rows) {
    if (!marked.has(model)) marked.set(model, new Set())
    marked.get(model)?.add(day)
  }
  return marked
}

function withMarks(
  marked: Map<string, Set<string>>,
  models: readonly string[],
  days: readonly string[],
): Warehouse['marked'] {
  if (days.length === 0) return marked
  for (const model of models) {
    marked.set(model, new Set([...(marked.get(model) ?? []), ...days]))
  }
  return marked
}

async function readArchived(db: Db): Promise<Set<string>> {
  const { rows } = await sql<{ day: string }>`
    select business_date as day from ops.days where archived_at is not null`.execute(db)
  return new Set(rows.map(({ day }) => day))
}

// Followers whose mart has rows that were written after their last look.
async function readStale(db: Db, graph: Graph, tables: Warehouse['tables']): Promise<Set<string>> {
  const stale = new Set<string>()
  for (const { name, follows } of graph.models) {
    if (follows === undefined) continue
    if (tables.get(follows.mart.name)?.columns.has(CHANGED_XID) !== true) continue
    const since = (await changedSince(db, name)) ?? sql`true`
    const { rows } =
      await sql`select from ${sql.table(follows.mart.name)} where ${since} limit 1`.execute(db)
    if (rows.length > 0) stale.add(name)
  }
  return stale
}
