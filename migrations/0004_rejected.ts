import { type Kysely, sql } from 'kysely'

/** Rejected keeps the dead letters with every reason, until somebody replays or discards them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table public.rejected_upi_transactions (
    kafka_timestamp timestamptz not null,
    kafka_offset bigint not null,
    rejected_at timestamptz not null default now(),
    resolved_at timestamptz,
    relayed_at timestamptz,
    epoch integer not null default 0,
    kafka_partition integer not null,
    topic text collate "C" not null,
    reason_code text collate "C" not null,
    reasons text[] collate "C" not null,
    detail text,
    payload text collate "C",
    payload_bytes bytea,
    resolution text collate "C",
    resolved_by text,
    primary key (kafka_partition, kafka_offset, topic, epoch),
    check ((resolution is null) = (resolved_at is null))
  )`.execute(db)
  // By reason over time; a few dozen reasons, so that time alone is found by skipping over them.
  await sql`create index rejected_upi_transactions_reason
    on public.rejected_upi_transactions (reason_code, rejected_at)`.execute(db)
  await sql`create index rejected_upi_transactions_to_relay
    on public.rejected_upi_transactions (rejected_at) where relayed_at is null`.execute(db)
  await sql`comment on table public.rejected_upi_transactions is
    'Dead letters: reason_code is the first broken rule, reasons are all; relayed_at is when the copy went to the dead letter topic.'`.execute(
    db,
  )
}
