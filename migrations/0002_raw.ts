import { type Kysely, sql } from 'kysely'

/** Raw keeps every message once, as received: the audit trail, from which clean can be rebuilt. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Fixed-width columns first: they need no padding, and their places are known without walking the row.
  await sql`create table public.raw_upi_transactions (
    kafka_timestamp timestamptz not null,
    kafka_offset bigint not null,
    received_at timestamptz not null default now(),
    epoch integer not null default 0,
    kafka_partition integer not null,
    business_date date,
    topic text collate "C" not null,
    message_key text collate "C",
    txn_id text collate "C",
    payload text collate "C",
    payload_bytes bytea,
    -- Partition and offset lead: integers compare fast and arrive in order, which halves the cost of the index.
    primary key (kafka_partition, kafka_offset, kafka_timestamp, topic, epoch)
  ) partition by range (kafka_timestamp)`.execute(db)
  // A hash index costs half of what a B-tree over random ids does, and is asked for equality only.
  await sql`create index raw_upi_transactions_txn_id on public.raw_upi_transactions
    using hash (txn_id)`.execute(db)
  await sql`create index raw_upi_transactions_business_date on public.raw_upi_transactions
    using brin (business_date)`.execute(db)
  await sql`comment on table public.raw_upi_transactions is
    'Every message once, as received. Partitioned by the UTC day of kafka_timestamp; txn_id and business_date are null if it was rejected.'`.execute(
    db,
  )
}
