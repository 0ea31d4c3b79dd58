import { CompiledQuery, type Kysely, sql } from 'kysely'
import { renderTotals, totalsChecks } from '../models/engine/audit.ts'
import type { ModelOf } from '../models/engine/define-model.ts'
import type { Database } from '../platform/database.ts'
import { buildDay, GRAPH, wrongMarts } from './build-models.ts'

/** Builds all marts of some days, with all checks, and what follows; every mart is then what its query gives. */
export async function buildMarts(db: Kysely<Database>, ...days: readonly string[]): Promise<void> {
  for (const day of days) {
    const { failures } = await buildDay(db, day)
    expectNone(failures.map(({ model, error }) => `${model}: ${error}`))
  }
  expectNone([...(await wrongMarts(db)), ...(await wrongTotals(db))])
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

/** The sums over all days that do not agree with another path. */
export async function wrongTotals(db: Kysely<Database>): Promise<string[]> {
  const names = new Set(GRAPH.models.map(({ name }) => name))
  const wrong: string[] = []
  for (const model of GRAPH.models) {
    for (const check of totalsChecks(model, names)) {
      const { text, parameters } = renderTotals(model, check)
      const { rows } = await db.executeQuery(CompiledQuery.raw(text, [...parameters]))
      wrong.push(...rows.map((row) => `${model.name} ${check.name}: ${JSON.stringify(row)}`))
    }
  }
  return wrong
}

function expectNone(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
}
