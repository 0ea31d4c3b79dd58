import { type Kysely, sql } from 'kysely'

/** Clean has one row a transaction, found in 50 ms by whatever support is given: id, rrn, key, status or time. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table public.clean_upi_transactions (
    event_time timestamptz not null,
    completed_at timestamptz,
    first_seen_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    changed_xid bigint not null default pg_current_xact_id()::text::bigint,
    latency_ms bigint,
    business_date date not null,
    messages integer not null default 1,
    txn_id text collate "C" not null,
    payer_key bytea not null,
    payee_key bytea not null,
    amount numeric(14, 2) not null check (amount > 0),
    status text collate "C" not null check (
      status in ('SUCCESS', 'FAILED', 'PENDING', 'DEEMED', 'EXPIRED', 'DECLINED', 'REVERSED')
    ),
    type text collate "C",
    channel text collate "C",
    mcc text collate "C",
    rrn text collate "C",
    payer text collate "C" not null,
    payer_handle text collate "C" not null,
    payer_bank text collate "C",
    payee text collate "C" not null,
    payee_handle text collate "C" not null,
    payee_bank text collate "C",
    response_code text collate "C",
    decline_class text collate "C",
    device text collate "C",
    city text collate "C",
    state text collate "C",
    original_txn_id text collate "C",
    primary key (txn_id, business_date)
  ) partition by range (business_date)`.execute(db)
  await indexClean(db)
  await sql`comment on table public.clean_upi_transactions is
    'One row a transaction, merged from its messages. Partitioned by business_date, the day of event_time in Asia/Kolkata.'`.execute(
    db,
  )
}

// Each index answers one lookup of support and costs the stream some 5 % of Postgres' time; there are no others.
async function indexClean(db: Kysely<unknown>): Promise<void> {
  await sql`create index clean_upi_transactions_rrn
    on public.clean_upi_transactions (rrn) where rrn is not null`.execute(db)
  await sql`create index clean_upi_transactions_payer
    on public.clean_upi_transactions (payer_key, event_time)`.execute(db)
  await sql`create index clean_upi_transactions_payee
    on public.clean_upi_transactions (payee_key, event_time)`.execute(db)
  await sql`create index clean_upi_transactions_event_time
    on public.clean_upi_transactions (event_time)`.execute(db)
  // Nine rows of ten are SUCCESS: for them the index by time alone is as good.
  await sql`create index clean_upi_transactions_status
    on public.clean_upi_transactions (status, event_time) where status <> 'SUCCESS'`.execute(db)
  await sql`create index clean_upi_transactions_changed_xid
    on public.clean_upi_transactions using brin (changed_xid)`.execute(db)
}
