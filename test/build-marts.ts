import { CompiledQuery, type Kysely, sql, type Transaction } from 'kysely'
import { renderAudit, renderTotals, rowChecks, totalsChecks } from '../models/engine/audit.ts'
import type { Model, ModelOf, Scope } from '../models/engine/define-model.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { builtOf, renderAggregate, renderApply } from '../models/engine/render-build.ts'
import type { Statement } from '../models/engine/statement.ts'
import { MODELS } from '../models/index.ts'
import type { Database } from '../platform/database.ts'

const { models } = makeGraph(MODELS)
const BY_DAY = models.filter(({ kind }) => kind === 'by day')
const BY_KEY = models.filter(({ kind }) => kind === 'by key')

/** Builds all marts of some days, then the merchants of all days; throws if a check of theirs does not hold. */
export async function buildMarts(db: Kysely<Database>, ...days: readonly string[]): Promise<void> {
  for (const day of days) {
    await db.transaction().execute(async (trx) => {
      for (const model of BY_DAY) await write(trx, model, { day })
    })
    expectNone(await wrongTotals(db, { day }))
  }
  await db.transaction().execute(async (trx) => {
    await sql`create temporary table all_keys on commit drop as
      select merchant as key from merchant_upi_summary
      union select merchant_id from dim_merchants`.execute(trx)
    for (const model of BY_KEY) await write(trx, model, { keysIn: 'all_keys' })
  })
  expectNone(await wrongTotals(db))
}

/** All rows of a mart, in the order of its key. */
export async function rowsOf<Row>(
  db: Kysely<Database>,
  { name, grain, columns }: ModelOf<string, Row>,
): Promise<Row[]> {
  const listed = (names: readonly string[]) => sql.join(names.map((column) => sql.ref(column)))
  const { rows } = await sql<Row>`select ${listed(Object.keys(columns))} from ${sql.table(name)}
    order by ${listed(grain)}`.execute(db)
  return rows
}

/** The sums that do not agree with another path, of one day or of all. */
export async function wrongTotals(db: Kysely<Database>, scope?: Scope): Promise<string[]> {
  const marts = scope === undefined ? [...BY_DAY, ...BY_KEY] : BY_DAY
  const names = new Set(marts.map(({ name }) => name))
  const wrong: string[] = []
  for (const model of marts) {
    for (const check of totalsChecks(model, names)) {
      const rows = await run(db, renderTotals(model, check, scope))
      wrong.push(...rows.map((row) => `${model.name} ${check.name}: ${JSON.stringify(row)}`))
    }
  }
  return wrong
}

async function write(trx: Transaction<Database>, model: Model, scope: Scope): Promise<void> {
  const checks = rowChecks(model)
  await run(trx, renderAggregate(model, scope))
  const [counts] = await run(trx, renderAudit(checks, builtOf(model)))
  expectNone(
    checks
      .filter((_, i) => Number(counts?.[`c${i}`]) > 0)
      .map((check) => `${model.name} ${check.name}`),
  )
  await run(trx, renderApply(model, scope))
}

async function run(
  db: Kysely<Database>,
  { text, parameters }: Statement,
): Promise<Record<string, unknown>[]> {
  const { rows } = await db.executeQuery(CompiledQuery.raw(text, [...parameters]))
  return rows as Record<string, unknown>[]
}

function expectNone(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
}
