import { sql } from 'kysely'
import {
  renderAudit,
  renderBadRows,
  renderDoubles,
  renderTotals,
  rowChecks,
  totalsChecks,
} from '../engine/audit.ts'
import type { Model, RowCheck, TotalsCheck } from '../engine/define-model.ts'
import { type DayRange, standingOf } from '../engine/standing.ts'
import { secondsSince } from './build.ts'
import type { Surroundings } from './build-day.ts'
import { run, type Trx } from './connection.ts'
import { lookAround } from './discover.ts'
import { readWarehouse } from './read-warehouse.ts'

/** What a check has found in what a mart holds now. */
export interface CheckResult {
  readonly model: string
  readonly check: string
  readonly kind: 'rows' | 'key' | 'sums'
  /** The rows it has looked at; of sums, how many days were compared. */
  readonly rows: number
  readonly bad: number
  /** The first that are bad. */
  readonly badRows: readonly unknown[]
  /** Of the statement, which the checks of rows share. */
  readonly seconds: number
}

/** What was tested; and what was not, because it is about to be built or has nothing to be compared with. */
export interface Tested {
  readonly results: readonly CheckResult[]
  /** By model, the days that a run would build now; '' for a model without days. */
  readonly pending: ReadonlyMap<string, readonly string[]>
  /** Days whose rows have left clean. */
  readonly archived: readonly string[]
  /** Models that the database does not have yet. */
  readonly missing: readonly string[]
}

export interface TestWanted {
  readonly models: readonly Model[]
  readonly days?: DayRange | undefined
}

/** Tries every promise of the models on what is there now, all at one snapshot; nothing is written. */
export async function testModels(
  { db, graph, signal }: Pick<Surroundings, 'db' | 'graph' | 'signal'>,
  { models, days }: TestWanted,
  onModel: (model: Model, nth: number) => void = () => {},
): Promise<Tested> {
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const warehouse = await readWarehouse(trx, graph, await lookAround(trx))
      const isThere = ({ name }: Model) => warehouse.tables.has(name) || warehouse.views.has(name)
      const there = models.filter(isThere)
      const standing = standingOf(graph, warehouse, days)
      const results: CheckResult[] = []
      for (const [nth, model] of there.entries()) {
        onModel(model, nth)
        const around = { trx, model, days, signal }
        results.push(...(await testRows(around)))
        for (const check of totalsChecks(model, namesOf(there))) {
          results.push(await testSums(around, check, standing.comparable(model, check)))
        }
      }
      const pending = there.map((model) => [model.name, standing.pendingOf(model)] as const)
      return {
        results,
        pending: new Map(pending.filter(([, dates]) => dates.length > 0)),
        archived: [...warehouse.archived].toSorted(),
        missing: models.filter((model) => !isThere(model)).map(({ name }) => name),
      }
    })
}

interface Around {
  readonly trx: Trx
  readonly model: Model
  readonly days: DayRange | undefined
  readonly signal: AbortSignal | undefined
}

interface Bad {
  readonly bad: unknown
}

// What no row passes counts them all.
const EVERY: RowCheck = { name: 'rows', holds: sql<boolean>`false` }

async function testRows({ trx, model, days, signal }: Around): Promise<CheckResult[]> {
  const checks = rowChecks(model)
  const rows = rowsWithin(model, days)
  const began = performance.now()
  const audit = renderAudit([EVERY, ...checks], rows)
  const [counts] = await run<Record<string, string>>(trx, audit, signal)
  const seconds = secondsSince(began)
  const total = Number(counts?.c0)
  const results: CheckResult[] = []
  for (const [i, check] of checks.entries()) {
    const bad = Number(counts?.[`c${i + 1}`])
    const found = bad === 0 ? [] : await run<Bad>(trx, renderBadRows(check, rows), signal)
    results.push({
      ...{ model: model.name, check: check.name, kind: 'rows', rows: total, bad, seconds },
      badRows: found.map((row) => row.bad),
    })
  }
  const keyBegan = performance.now()
  const doubles = await run<Bad>(trx, renderDoubles(model, rows), signal)
  const check = `key: unique (${model.grain.join(', ')})`
  const badRows = doubles.map(({ bad }) => bad)
  const key = { model: model.name, check, kind: 'key', rows: total, bad: badRows.length } as const
  return [...results, { ...key, badRows, seconds: secondsSince(keyBegan) }]
}

async function testSums(
  { trx, model, signal }: Around,
  check: TotalsCheck,
  days: readonly string[] | 'all',
): Promise<CheckResult> {
  const scopes = days === 'all' ? [undefined] : days.map((day) => ({ day }))
  const began = performance.now()
  const badRows: unknown[] = []
  for (const scope of scopes) {
    const found = await run<Bad>(trx, renderTotals(model, check, scope), signal)
    badRows.push(...found.map(({ bad }) => ({ ...scope, ...(bad as object) })))
  }
  const counted = {
    rows: scopes.length,
    bad: badRows.length,
    badRows,
    seconds: secondsSince(began),
  }
  return { model: model.name, check: check.name, kind: 'sums', ...counted }
}

function rowsWithin(model: Model, days: DayRange | undefined) {
  const table = sql.table(model.name)
  if (days === undefined || model.day === undefined) return table
  return sql`(select * from ${table} where ${model.day} between ${days.from} and ${days.to})`
}

function namesOf(models: readonly Model[]): ReadonlySet<string> {
  return new Set(models.map(({ name }) => name))
}
