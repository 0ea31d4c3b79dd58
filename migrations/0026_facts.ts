import { type Kysely, sql } from 'kysely'

/** The worker tells the state of the platform: counts and ages, of sessions also those that Postgres shows to owners. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create function ops.count_sessions()
    returns table (role text, state text, sessions bigint, longest_query_seconds double precision,
      longest_transaction_seconds double precision)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    begin atomic
      select
        case when s.usename in ('upi_admin', 'upi_ingest', 'upi_transform', 'upi_api', 'upi_report', 'upi_backup')
          then s.usename::text else 'other' end,
        case when s.state in ('active', 'idle') then s.state
          when s.state like 'idle in transaction%' then 'idle in transaction' else 'other' end,
        count(*),
        max(extract(epoch from clock_timestamp() - s.query_start)::double precision)
          filter (where s.state = 'active' and s.datname = current_database() and s.pid <> pg_backend_pid()),
        max(extract(epoch from clock_timestamp() - s.xact_start)::double precision)
          filter (where s.datname = current_database() and s.pid <> pg_backend_pid())
      from pg_stat_activity as s
      -- What is null is not shown to the owner either: then it counts as a session of an unknown state.
      where s.usename is not null and coalesce(s.backend_type, 'client backend') = 'client backend'
      group by 1, 2;
    end`.execute(db)
  await sql`comment on function ops.count_sessions() is
    'Sessions of the whole server by role and state; the longest statement and transaction in this database, in seconds. Never what a statement says.'`.execute(
    db,
  )
  await sql`grant execute on function ops.count_sessions() to upi_transform, upi_report`.execute(db)
  // Counted all the time: without them whoever counts would read all that was ever rejected or raised.
  await sql`create index rejected_upi_transactions_open
    on public.rejected_upi_transactions (rejected_at) where resolution is null`.execute(db)
  await sql`create index upi_alerts_open on public.upi_alerts (severity)
    where acknowledged_at is null and state <> 'withdrawn'`.execute(db)
  await sql`grant select (severity, state, acknowledged_at) on public.upi_alerts to upi_transform`.execute(
    db,
  )
}
