import { type Kysely, sql } from 'kysely'

/** Schema ops holds the books; schema partitions holds the days of raw and clean, which are reached through them only. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create schema if not exists ops`.execute(db)
  await sql`create schema partitions`.execute(db)
  await sql`grant usage on schema ops to upi_ingest, upi_transform, upi_api, upi_report`.execute(db)
  // What a function may do is for those to whom it is granted, also for functions yet to come.
  await sql`alter default privileges revoke execute on functions from public`.execute(db)
  // Every process asks, before it starts, whether the database is of its version.
  await sql`grant select on ops.migrations to upi_ingest, upi_transform, upi_api, upi_report`.execute(
    db,
  )
}
