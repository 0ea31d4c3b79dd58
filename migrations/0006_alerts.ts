import { type Kysely, sql } from 'kysely'

/** An alert is a function of the set of rows, so its subject is its key: a replay finds it there and adds none. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table public.upi_alerts (
    alert_id bigint generated always as identity primary key,
    rule text collate "C" not null,
    severity text collate "C" not null check (severity in ('info', 'warning', 'critical')),
    state text collate "C" not null check (state in ('provisional', 'confirmed', 'withdrawn')),
    entity text collate "C" not null,
    window_start timestamptz,
    event_time timestamptz not null,
    txn_id text collate "C",
    details jsonb not null default '{}',
    raised_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    relayed_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    unique nulls not distinct (rule, entity, window_start, txn_id),
    check (window_start is not null or txn_id is not null),
    check ((acknowledged_at is null) = (acknowledged_by is null))
  )`.execute(db)
  await sql`create index upi_alerts_event_time on public.upi_alerts (event_time)`.execute(db)
  await sql`create index upi_alerts_to_relay on public.upi_alerts (alert_id)
    where relayed_at is null or relayed_at < changed_at`.execute(db)
  await sql`comment on table public.upi_alerts is
    'What the rules raised, by event time; entity is a key or a mask. relayed_at is when the present state went to topic upi_alerts.'`.execute(
    db,
  )
}
