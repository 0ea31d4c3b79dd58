import { type Kysely, sql } from 'kysely'

/** The reporting role reads what dashboards show and nothing else, and the worker may end what it does for too long. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`revoke select on ops.migrations from upi_report`.execute(db)
  await sql`revoke execute on function ops.count_sessions() from upi_report`.execute(db)
  await sql`create function ops.end_long_reports(longest interval) returns bigint
    language sql volatile strict security definer set search_path = pg_catalog, pg_temp
    begin atomic
      select count(*) filter (where pg_terminate_backend(s.pid))
      from pg_stat_activity as s
      where s.usename = 'upi_report' and s.datname = current_database()
        and s.xact_start < clock_timestamp() - longest;
    end`.execute(db)
  await sql`comment on function ops.end_long_reports(interval) is
    'Ends the sessions of the reporting role that have been in one transaction for longer, and says how many: a session may lift the limits that it begins with.'`.execute(
    db,
  )
  await sql`grant execute on function ops.end_long_reports(interval) to upi_transform`.execute(db)
}
