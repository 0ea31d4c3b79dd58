import { sql } from 'kysely'
import type { Db } from './connection.ts'

/** What the ledger says of a model as a whole. */
export interface ModelStanding {
  readonly daysBuilt: number
  readonly daysFailed: number
  /** When it was built last, or refused. */
  readonly lastRun: Date
}

/** What each model holds, by name; one that was never built is not there. */
export async function readStanding(db: Db): Promise<ReadonlyMap<string, ModelStanding>> {
  const { rows } = await sql<ModelStanding & { model: string }>`
    select model, max(built_at) as "lastRun",
      count(business_date) filter (where state = 'built')::integer as "daysBuilt",
      count(business_date) filter (where state = 'failed')::integer as "daysFailed"
    from ops.model_days group by model`.execute(db)
  return new Map(rows.map(({ model, ...standing }) => [model, standing]))
}
