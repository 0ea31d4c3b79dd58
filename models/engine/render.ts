import type { Model } from './define-model.ts'
import { layOut } from './lay-out.ts'
import type { ViewsStep } from './plan.ts'

/** One statement for Postgres. */
export interface Statement {
  readonly text: string
  readonly parameters: readonly unknown[]
}

/** The counts that the second statement of a day's build gives. */
export interface BuildCounts {
  readonly built: string
  readonly inserted: string
  readonly updated: string
  readonly deleted: string
}

/**
 * The statements that bring views to their queries: dropped from the last to the first, made from the first to the
 * last. The comment carries the fingerprint by which a change is noticed.
 */
export function renderViews(step: ViewsStep): Statement[] {
  const drops = step.models.map(({ model }) => `drop view if exists ${name(model.name)}`)
  const makes = step.models.flatMap(({ model, fingerprint }) => [
    `create view ${name(model.name)} as\n${layOut(model.compile().sql)}`,
    `comment on view ${name(model.name)} is ${text(`${model.about} [model ${fingerprint}]`)}`,
  ])
  return [...drops.reverse(), ...makes].map((line) => ({ text: line, parameters: [] }))
}

/**
 * The statements that build one day of a mart: its rows into a temporary table, which unlike INSERT may be planned
 * in parallel; then one statement that writes what differs, removes what vanished and counts both.
 */
export function renderDay(model: Model, date: string): [aggregate: Statement, apply: Statement] {
  const query = model.compile(date)
  return [
    {
      text: `create temporary table ${built(model)} on commit drop as\n${layOut(query.sql)}`,
      parameters: query.parameters,
    },
    { text: applyText(model), parameters: [date] },
  ]
}

function applyText(model: Model): string {
  const columns = Object.keys(model.columns)
  const figures = columns.filter((column) => !model.grain.includes(column))
  const sameKey = model.grain.map((key) => `b.${name(key)} = m.${name(key)}`).join(' and ')
  return `with written as (
  insert into ${name(model.name)} as m (${list(columns)})
  select ${list(columns)} from ${built(model)}
  on conflict (${list(model.grain)}) do update set
    ${figures.map((column) => `${name(column)} = excluded.${name(column)}`).join(',\n    ')}
  where (${list(figures, 'm.')})
    is distinct from (${list(figures, 'excluded.')})
  returning old.${name(model.grain[0] as string)} is null as is_new
), vanished as (
  delete from ${name(model.name)} as m
  where m.${name(model.day as string)} = $1
    and not exists (select from ${built(model)} as b where ${sameKey})
  returning 1
)
select
  (select count(*) from ${built(model)}) as built,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted`
}

function built(model: Model): string {
  return name(`built_${model.name}`)
}

function list(columns: readonly string[], prefix = ''): string {
  return columns.map((column) => `${prefix}${name(column)}`).join(', ')
}

function name(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
