import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import { BAD_ROWS_KEPT_MAX } from '../../core/limits.ts'
import type { Check, Model, RowCheck, Scope, TotalsCheck } from './define-model.ts'
import { isModel } from './define-model.ts'
import { type Statement, statement } from './statement.ts'

/**
 * What must hold for each row of a model: that it is of what is being built, nulls, columns, and the row as a whole; in
 * the order of the contract.
 */
export function rowChecks(model: Model, scope?: Scope): RowCheck[] {
  const ofScope = scope === undefined ? [] : [{ name: OWN_ROWS, holds: rowsOf(model, scope) }]
  const columns = Object.entries(model.columns).flatMap(([name, { nullable, checks }]) => {
    const value = sql.ref(name)
    const notNull: RowCheck = { name: `${name}: not null`, holds: sql`${value} is not null` }
    const others = checks.map((check) => ({
      name: `${name}: ${check.name}`,
      holds: check.holds(value),
    }))
    return nullable ? others : [notNull, ...others]
  })
  return [...ofScope, ...columns, ...model.checks.filter(isRowCheck)]
}

// A row of another day would be written here and removed by that day's own build.
const OWN_ROWS = 'rows of the day or keys that are built, and no others'

/** The sums that must agree with others; of those that read marts, the ones whose marts are all among `built`. */
export function totalsChecks(model: Model, built: ReadonlySet<string>): TotalsCheck[] {
  return model.checks.filter(
    (check): check is TotalsCheck =>
      !isRowCheck(check) &&
      check.reads.every((read) => !isModel(read) || read.kind === 'view' || built.has(read.name)),
  )
}

/** Asks in one scan, cheaply, whether any row breaks any check. Null breaks none. */
export function renderAnyBad(checks: readonly RowCheck[], rows: Expression<unknown>): Statement {
  const all = checks.map(({ holds }) => sql`(${holds})`)
  return statement(sql`select exists (
  select from ${rows} as built
  where not (${sql.join(
    all,
    sql`
    and `,
  )})
) as any_bad`)
}

/** Counts the bad rows of each check in one scan: a row of counts, `c0` and on. */
export function renderAudit(checks: readonly RowCheck[], rows: Expression<unknown>): Statement {
  const counts = checks.map(
    ({ holds }, i) => sql`count(*) filter (where not (${holds})) as ${sql.ref(`c${i}`)}`,
  )
  return statement(sql`select
  ${sql.join(counts, sql`,\n  `)}
from ${rows} as built`)
}

/** The first bad rows of a check. */
export function renderBadRows({ holds }: RowCheck, rows: Expression<unknown>): Statement {
  return statement(sql`select to_jsonb(built) as bad
from ${rows} as built where not (${holds}) limit ${sql.lit(BAD_ROWS_KEPT_MAX)}`)
}

/** The first keys that a model's query gives twice. */
export function renderDoubles(model: Model, rows: Expression<unknown>): Statement {
  const key = sql.join(model.grain.map((column) => sql.ref(column)))
  return statement(sql`select to_jsonb(doubled) as bad
from (select ${key}, count(*) as times from ${rows} as built
  group by ${key} having count(*) > 1 limit ${sql.lit(BAD_ROWS_KEPT_MAX)}) as doubled`)
}

/** Both sides of a check of totals, if they differ. */
export function renderTotals(model: Model, check: TotalsCheck, scope?: Scope): Statement {
  const ours = check.columns.map((name) => summed(sql`sum(${sql.ref(name)})`, name))
  const theirs = check.columns.map((name) => summed(sql.ref(name), name))
  const side = (of: string) => sql.join(check.columns.map((name) => sql.ref(`${of}.${name}`)))
  return statement(sql`select jsonb_build_object('here', to_jsonb(ours), 'there', to_jsonb(theirs)) as bad
from (select ${sql.join(ours)} from ${sql.table(model.name)} where ${rowsOf(model, scope)}) as ours,
  (select ${sql.join(theirs)} from (${check.totals(scope)}) as totals) as theirs
where (${side('ours')}) is distinct from (${side('theirs')})`)
}

/** Which rows of a mart a scope holds. */
export function rowsOf(model: Model, scope?: Scope): RawBuilder<SqlBool> {
  if (scope === undefined) return sql`true`
  if ('day' in scope) return sql`${model.day} = ${scope.day}`
  const [key] = model.grain
  return sql`${sql.ref(key as string)} in (select key from ${sql.table(scope.keysIn)})`
}

function summed(value: RawBuilder<unknown>, name: string): RawBuilder<unknown> {
  return sql`coalesce(${value}, 0)::numeric as ${sql.ref(name)}`
}

function isRowCheck(check: Check): check is RowCheck {
  return 'holds' in check
}
