import { type Kysely, sql } from 'kysely'

/** A rebuild may correct the log of conflicts: who was first of two partitions is settled by it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`grant delete on ops.txn_conflicts to upi_ingest`.execute(db)
}
