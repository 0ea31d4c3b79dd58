import { type RawBuilder, sql } from 'kysely'
import type { Column } from './column.ts'
import type { Model } from './define-model.ts'
import { layOut } from './lay-out.ts'
import type { Stamped, TablePlan } from './plan.ts'
import { CHANGED_XID } from './shape.ts'
import { columnsOf, type Statement, statement } from './statement.ts'

/**
 * The statements that bring views to their queries: dropped from the last to the first, made from the first to the
 * last. The comment carries the fingerprint by which a change is noticed.
 */
export function renderViews(views: readonly Stamped[]): Statement[] {
  const drops = views.map(({ model }) => sql`drop view if exists ${sql.table(model.name)}`)
  const makes = views.flatMap(({ model, fingerprint }) => [
    sql`create view ${sql.table(model.name)} as
${sql.raw(layOut(model.compile().sql))}`,
    commentOn('view', model, fingerprint),
  ])
  return [...drops.reverse(), ...makes].map(statement)
}

/**
 * The statements that make a mart's table what its contract says, and let roles read it. Nothing that holds figures is
 * taken away.
 */
export function renderTable(change: TablePlan, readers: readonly string[]): Statement[] {
  const { model, shape, isMissing, addColumns, loosenColumns, followers } = change
  const table = sql.table(model.name)
  const made = isMissing ? makeTable(model) : addColumns.map((name) => addColumn(model, name))
  return [
    ...made,
    ...loosenColumns.map(
      (name) => sql`alter table ${table} alter column ${sql.ref(name)} drop not null`,
    ),
    ...(followers.length > 0 ? followStatements(model) : []),
    ...(isMissing ? [] : followers.map(forget)),
    sql`grant select on ${table} to ${sql.join(readers.map((role) => sql.ref(role)))}`,
    commentOn('table', model, shape),
    ...Object.entries(model.columns).map(
      ([name, { about }]) =>
        sql`comment on column ${sql.ref(`${model.name}.${name}`)} is ${sql.lit(about)}`,
    ),
  ].map(statement)
}

/** The query's own columns and types, in a table that is empty and gone with the transaction. */
export function renderTypes(model: Model): Statement {
  const { sql: text, parameters } = model.compile()
  const name = `typed_${model.name}`
  const create = statement(sql`create temporary table ${sql.table(name)} on commit drop as`).text
  return { text: `${create}\n${layOut(text)}\nwith no data`, parameters }
}

function makeTable(model: Model): RawBuilder<unknown>[] {
  const { name, columns, grain, dayColumn } = model
  const table = sql.table(name)
  const declared = Object.entries(columns).map(([column, contract]) => declare(column, contract))
  // A day is found by the key if it begins with the day, else by an index of its own.
  const byDay =
    dayColumn === undefined || grain[0] === dayColumn
      ? []
      : [sql`create index on ${table} (${sql.ref(dayColumn)})`]
  return [
    sql`create table ${table} (
  ${sql.join(declared, sql`,\n  `)},
  primary key (${columnsOf(grain)})
)`,
    ...byDay,
  ]
}

// A figure that is new is null on the days that cannot be built again; the others get theirs by the next builds.
function addColumn(model: Model, name: string): RawBuilder<unknown> {
  const contract = model.columns[name] as Column
  const added = declare(name, { ...contract, nullable: true })
  return sql`alter table ${sql.table(model.name)} add column ${added}`
}

function declare(name: string, { type, nullable }: Column): RawBuilder<unknown> {
  const collation = type === 'text' ? sql` collate "C"` : sql``
  const constraint = nullable ? sql`` : sql` not null`
  return sql`${sql.ref(name)} ${sql.raw(type)}${collation}${constraint}`
}

function followStatements({ name }: Model): RawBuilder<unknown>[] {
  const table = sql.table(name)
  const column = sql.ref(CHANGED_XID)
  return [
    sql`alter table ${table} add column if not exists ${column} bigint not null
  default pg_current_xact_id()::text::bigint`,
    sql`create index if not exists ${sql.ref(`${name}_${CHANGED_XID}`)} on ${table} using brin (${column})
  with (autosummarize = on)`,
  ]
}

// Who altered the table before may not have known of the follower: what was written then bears no mark.
function forget(follower: string): RawBuilder<unknown> {
  return sql`delete from ops.model_days where model = ${sql.lit(follower)}`
}

function commentOn(kind: 'view' | 'table', model: Model, mark: string): RawBuilder<unknown> {
  const text = `${model.about} [model ${mark}]`
  return sql`comment on ${sql.raw(kind)} ${sql.table(model.name)} is ${sql.lit(text)}`
}
