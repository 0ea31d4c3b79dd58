import { type Kysely, sql } from 'kysely'

/** What reconcile has found, and what it need not fold again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table ops.reconciliations (
    run_id text collate "C" not null,
    first_day date not null,
    last_day date not null check (last_day >= first_day),
    book text collate "C" not null,
    state text collate "C" not null check (state in ('balanced', 'broken', 'waits', 'pending')),
    checked bigint not null,
    unit text collate "C" not null,
    wrong bigint not null,
    waiting bigint not null,
    line text not null,
    found text,
    expected text,
    keys text[] collate "C" not null,
    seconds numeric(12, 3) not null,
    actor text collate "C" not null,
    reconciled_at timestamptz not null default clock_timestamp(),
    primary key (run_id, first_day, last_day, book)
  )`.execute(db)
  await sql`create index reconciliations_at on ops.reconciliations using brin (reconciled_at)
    with (pages_per_range = 16)`.execute(db)
  await sql`comment on table ops.reconciliations is
    'What each run of reconcile found of each book, for a range of days; keys are the first places that differ, without personal data.'`.execute(
    db,
  )
  await sql`create table ops.folded_days (
    business_date date primary key,
    content text collate "C" not null,
    suspects text[] collate "C" not null,
    folded_at timestamptz not null default clock_timestamp()
  )`.execute(db)
  await sql`comment on table ops.folded_days is
    'Days of clean that were the fold of raw, by a hash of both and the rules; suspects are transactions that are looked at each time.'`.execute(
    db,
  )
  await sql`grant select, insert, update on ops.folded_days to upi_ingest`.execute(db)
  await sql`grant select, insert, update on ops.reconciliations to upi_transform`.execute(db)
  await sql`grant select on ops.reconciliations to upi_api`.execute(db)
}
