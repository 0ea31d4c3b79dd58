import { type RawBuilder, sql } from 'kysely'
import { rowsOf } from './audit.ts'
import type { Model, Scope } from './define-model.ts'
import { layOut } from './lay-out.ts'
import { CHANGED_XID } from './shape.ts'
import { columnsOf, type Statement, statement } from './statement.ts'

/** The counts that applying a build gives. */
export interface BuildCounts {
  readonly built: string
  /** The rows that the mart had of the scope. */
  readonly held: string
  readonly inserted: string
  readonly updated: string
  readonly deleted: string
}

/** What applying a build writes besides the mart. */
export interface Besides {
  /** The day is closed and had figures: what was reported goes to the revisions, under this number. */
  readonly revision?: { readonly day: string; readonly number: number; readonly reason: string }
  /** Models that follow this mart by a column: keys that vanish here are marked for them. */
  readonly followers?: readonly { readonly model: string; readonly by: string }[]
}

/** The rows that a model's query gives now, as a table of this transaction. Unlike INSERT it may be planned in parallel. */
export function renderAggregate(model: Model, scope?: Scope): Statement {
  const query = model.compile(scope)
  const create = statement(sql`create temporary table ${builtOf(model)} on commit drop as`).text
  return { text: `${create}\n${layOut(query.sql)}`, parameters: query.parameters }
}

/**
 * One statement that writes what differs, removes what vanished, and counts both. What is there and what is built are
 * joined first: an upsert of rows that are the same would lock each of them, and write that to the log.
 */
export function renderApply(model: Model, scope?: Scope, besides: Besides = {}): Statement {
  const { revision, followers = [] } = besides
  const revised = revision === undefined ? [] : [revise(model, revision)]
  const marked = followers.map(({ model: follower, by }, i) => mark(follower, by, i))
  const key = model.grain[0] as string
  const parts = [
    sql`compared as (
${compare(model, scope)}
)`,
    sql`written as (
${upsert(model, { isFollowed: followers.length > 0, isRevised: revision !== undefined })}
)`,
    sql`vanished as (
  delete from ${sql.table(model.name)} as m
  where ctid = any (array(select held_at from compared where ${sql.ref(key)} is null))
  returning m.*
)`,
    ...revised,
    ...marked,
  ]
  return statement(sql`with ${sql.join(parts, sql`, `)}
select
  (select count(*) from ${builtOf(model)}) as built,
  (select count(*) from ${sql.table(model.name)} where ${rowsOf(model, scope)}) as held,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted`)
}

/** The temporary table of a build. */
export function builtOf(model: Model): RawBuilder<unknown> {
  return sql.table(`built_${model.name}`)
}

function compare(model: Model, scope?: Scope): RawBuilder<unknown> {
  const figures = figuresOf(model)
  const differs = sql`(${columnsOf(figures, 'm.')}) is distinct from (${columnsOf(figures, 'b.')})`
  const gone = sql`${sql.ref(`b.${model.grain[0]}`)} is null`
  return sql`  select b.*, m.held_at
  from ${builtOf(model)} as b
  full join (
    select ctid as held_at, * from ${sql.table(model.name)} where ${rowsOf(model, scope)}
  ) as m on ${sameKey(model)}
  where m.held_at is null or ${figures.length === 0 ? gone : sql`${gone} or ${differs}`}`
}

function upsert(
  model: Model,
  { isFollowed, isRevised }: { readonly isFollowed: boolean; readonly isRevised: boolean },
): RawBuilder<unknown> {
  const columns = Object.keys(model.columns)
  const figures = figuresOf(model)
  const written = [...figures, ...(isFollowed ? [CHANGED_XID] : [])]
  const sets = written.map((name) => sql`${sql.ref(name)} = ${sql.ref(`excluded.${name}`)}`)
  const resolve =
    figures.length === 0
      ? sql`do nothing`
      : sql`do update set
    ${sql.join(sets, sql`,\n    `)}`
  const rows = isRevised ? sql`, to_jsonb(old) as before, to_jsonb(new) as after` : sql``
  return sql`  insert into ${sql.table(model.name)} as m (${columnsOf(columns)})
  select ${columnsOf(columns)} from compared where ${sql.ref(model.grain[0] as string)} is not null
  on conflict (${columnsOf(model.grain)}) ${resolve}
  returning ${sql.ref(`old.${model.grain[0]}`)} is null as is_new${rows}`
}

function revise(
  model: Model,
  { day, number, reason }: NonNullable<Besides['revision']>,
): RawBuilder<unknown> {
  const key = (row: RawBuilder<unknown>) =>
    sql`jsonb_build_object(${sql.join(
      model.grain.flatMap((name) => [sql.lit(name), sql`${row} -> ${sql.lit(name)}`]),
    )})`
  return sql`revised as (
  insert into ops.day_revisions (business_date, revision, mart, key, before, after, reason)
  select ${day}::date, ${number}::integer, ${sql.lit(model.name)},
    ${key(sql`coalesce(before, after)`)}, before - ${sql.lit(CHANGED_XID)}, after - ${sql.lit(CHANGED_XID)}, ${reason}
  from (
    select case when not is_new then before end as before, after from written
    union all
    select to_jsonb(vanished), null from vanished
  ) as changes
)`
}

function mark(follower: string, by: string, nth: number): RawBuilder<unknown> {
  return sql`${sql.ref(`marked${nth}`)} as (
  insert into ops.dirty_keys (model, merchant, reason)
  select ${sql.lit(follower)}, ${sql.ref(by)}::text, 'vanished' from vanished
)`
}

function figuresOf({ columns, grain }: Model): string[] {
  return Object.keys(columns).filter((column) => !grain.includes(column))
}

function sameKey(model: Model): RawBuilder<unknown> {
  const pairs = model.grain.map((key) => sql`${sql.ref(`b.${key}`)} = ${sql.ref(`m.${key}`)}`)
  return sql.join(pairs, sql` and `)
}
