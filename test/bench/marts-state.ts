import { type Kysely, sql } from 'kysely'
import { checkBackfill } from '../../core/backfill.ts'
import type { BusinessDate } from '../../core/time.ts'
import { rowsOf } from '../../models/engine/audit.ts'
import { dayModels } from '../../models/engine/plan.ts'
import { planBackfill } from '../../models/warehouse/plan-backfill.ts'
import type { Database } from '../../platform/database.ts'
import { GRAPH } from '../build-models.ts'

/*
 * What stands in the marts and their ledger before and after a run that is measured, as the owner of the database sees
 * and sets it.
 */

type Admin = Kysely<Database>

const MARTS = GRAPH.models.filter(({ kind }) => kind !== 'view')
const BY_DAY = ['model_days', 'model_runs', 'dirty_keys', 'days', 'day_revisions']

/** Empties the marts and the ledger: nothing was ever built. */
export async function forgetAll(admin: Admin): Promise<void> {
  const tables = [...MARTS.map(({ name }) => name), ...[...BY_DAY, 'discovery'].map(ofOps)]
  await sql`truncate ${sql.join(tables.map((name) => sql.table(name)))}`.execute(admin)
}

/** Takes one day out of marts and ledger; the others stay built and closed. */
export async function forgetDay(admin: Admin, day: BusinessDate): Promise<void> {
  for (const model of dayModels(GRAPH.models)) {
    const table = sql.table(model.name)
    await sql`delete from ${table} as m where ${rowsOf(model, { day })}`.execute(admin)
    await sql`vacuum ${table}`.execute(admin)
  }
  for (const name of BY_DAY.map(ofOps)) {
    await sql`delete from ${sql.table(name)} where business_date = ${day}`.execute(admin)
  }
}

/** What was written before is on disk: who is measured next does not pay for it. */
export async function settleDisk(admin: Admin): Promise<void> {
  await sql`checkpoint`.execute(admin)
}

/** All that the marts hold, or what they hold of one day and of no day, in a few words that can be compared. */
export async function digestMarts(admin: Admin, day?: BusinessDate): Promise<string> {
  const digests: string[] = []
  for (const model of MARTS) {
    const columns = Object.keys(model.columns).map((name) => sql.ref(name))
    const isOfDay = model.day !== undefined && day !== undefined
    const { rows } = await sql<{ rows: string; sum: string | null }>`
      select count(*) as rows, sum(hashtextextended(held::text, 0)::numeric) as sum
        from (select ${sql.join(columns)} from ${sql.table(model.name)}
               where ${rowsOf(model, isOfDay ? { day } : undefined)}) as held`.execute(admin)
    digests.push(`${model.name} ${rows[0]?.rows} ${rows[0]?.sum ?? ''}`)
  }
  return digests.join('\n')
}

/** Fails unless all days are closed and built as the models are now, as a backfill sees it. */
export async function requireClosed(
  admin: Admin,
  { from, to, days }: { from: BusinessDate; to: BusinessDate; days: number },
): Promise<void> {
  const asked = checkBackfill({ from, to })
  if (typeof asked === 'string') throw new Error(asked)
  const plan = await planBackfill({ db: admin, graph: GRAPH }, asked)
  if (plan.upToDate === days) return
  const [left] = plan.days
  throw new Error(`${plan.upToDate} of ${days} days are closed; ${left?.date}: ${left?.reason}`)
}

function ofOps(name: string): string {
  return `ops.${name}`
}
