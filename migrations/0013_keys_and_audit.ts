import { type Kysely, sql } from 'kysely'

/** Who may call the API, and who did what to the platform. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table ops.api_keys (
    key_id text collate "C" primary key,
    name text,
    role text collate "C" not null check (role in ('viewer', 'operator', 'admin', 'ingest')),
    merchant text collate "C",
    key_hash bytea not null unique,
    created_at timestamptz not null default now(),
    created_by text not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    check (merchant is null or role = 'viewer')
  )`.execute(db)
  await sql`comment on table ops.api_keys is
    'API keys by their hash; a merchant''s key is a viewer''s that sees that merchant only.'`.execute(
    db,
  )
  await sql`create table ops.audit_log (
    audit_id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor text collate "C" not null check (actor <> ''),
    db_user text collate "C" not null default session_user,
    action text collate "C" not null,
    subject text,
    reason text,
    details jsonb not null default '{}'
  )`.execute(db)
  await sql`create index audit_log_at on ops.audit_log (at)`.execute(db)
  await sql`comment on table ops.audit_log is
    'Who triggered, replayed, discarded, rebuilt, revealed or changed a rule. Roles may add to it and change nothing.'`.execute(
    db,
  )
}
