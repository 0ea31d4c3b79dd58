import type { Transaction } from 'kysely'
import type { ModelRun } from '../../models/engine/execute.ts'
import type { Database } from '../database.ts'

/** Writes the ledger of a build, in its transaction. */
export async function insertModelRuns(
  trx: Transaction<Database>,
  runs: readonly ModelRun[],
  actor: string,
): Promise<void> {
  const rows = runs.map((run) => ({
    model: run.model,
    business_date: run.date,
    fingerprint: run.fingerprint,
    rows_inserted: run.inserted,
    rows_updated: run.updated,
    rows_deleted: run.deleted,
    rows_unchanged: run.unchanged,
    seconds: String(run.seconds),
    actor,
  }))
  if (rows.length > 0) await trx.insertInto('ops.model_runs').values(rows).execute()
}
