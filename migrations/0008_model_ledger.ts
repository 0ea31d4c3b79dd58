import { type Kysely, sql } from 'kysely'

/** The ledger says which days are dirty, built, failed, closed or revised; it is written with the marts, in one commit. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createDirtyKeys(db)
  await createRuns(db)
  await createDays(db)
}

async function createDirtyKeys(db: Kysely<unknown>): Promise<void> {
  // Append-only: to merge marks would lose the one that is set while its key is being built.
  await sql`create table ops.dirty_keys (
    mark_id bigint generated always as identity primary key,
    model text collate "C",
    business_date date,
    merchant text collate "C",
    reason text collate "C" not null,
    marked_at timestamptz not null default clock_timestamp(),
    check (business_date is not null or merchant is not null)
  ) with (autovacuum_vacuum_scale_factor = 0.05)`.execute(db)
  await sql`create index dirty_keys_key on ops.dirty_keys (model, business_date)`.execute(db)
  await sql`comment on table ops.dirty_keys is
    'Keys to build again, one row a mark. Marks by the stream name no model: discovery turns them into one for each.'`.execute(
    db,
  )
  await sql`create table ops.discovery (
    source text collate "C" primary key,
    snapshot pg_snapshot not null,
    system_identifier bigint not null,
    discovered_at timestamptz not null default now()
  )`.execute(db)
  await sql`comment on table ops.discovery is
    'The snapshot up to which changes of a source are marked; on another cluster it means nothing, and all days are dirty.'`.execute(
    db,
  )
}

async function createRuns(db: Kysely<unknown>): Promise<void> {
  await sql`create table ops.model_runs (
    run_id bigint generated always as identity primary key,
    model text collate "C" not null,
    business_date date,
    state text collate "C" not null default 'built' check (state in ('built', 'failed')),
    fingerprint text collate "C" not null,
    rows_inserted bigint not null default 0,
    rows_updated bigint not null default 0,
    rows_deleted bigint not null default 0,
    rows_unchanged bigint not null default 0,
    seconds numeric(12, 3) not null default 0,
    error text,
    bad_rows jsonb,
    actor text,
    finished_at timestamptz not null default clock_timestamp(),
    check ((state = 'failed') = (error is not null))
  )`.execute(db)
  await sql`create index model_runs_key on ops.model_runs
    (model, business_date, run_id desc)`.execute(db)
  await sql`create index model_runs_finished_at on ops.model_runs
    using brin (finished_at) with (pages_per_range = 16)`.execute(db)
  await sql`comment on table ops.model_runs is
    'One row for each model and day that a run built or failed to build; bad_rows are what a check has found.'`.execute(
    db,
  )
}

async function createDays(db: Kysely<unknown>): Promise<void> {
  await sql`create table ops.days (
    business_date date primary key,
    state text collate "C" not null default 'open' check (state in ('open', 'closed', 'revised')),
    closed_at timestamptz,
    closed_by text,
    revision integer not null default 0,
    reason text,
    failed_at timestamptz,
    error text,
    archived_at timestamptz,
    check ((state = 'open') = (closed_at is null))
  )`.execute(db)
  await sql`comment on table ops.days is
    'The state of each business date. archived_at is when its clean partition left Postgres for the lake; null again once restored.'`.execute(
    db,
  )
  await sql`create view ops.day_status as
    select business_date as date, state, failed_at is not null as failed,
      archived_at is not null as archived, closed_at, revision, reason, error
    from ops.days`.execute(db)
  await sql`create table ops.day_revisions (
    business_date date not null,
    revision integer not null,
    mart text collate "C" not null,
    key jsonb not null,
    before jsonb,
    after jsonb,
    reason text,
    changed_at timestamptz not null default now(),
    primary key (business_date, revision, mart, key)
  )`.execute(db)
  await sql`comment on table ops.day_revisions is
    'What a closed day had reported before it changed: null before means a row that came, null after one that went.'`.execute(
    db,
  )
}
