import { type Kysely, sql } from 'kysely'

/** The marts of each business date: totals, hours, settlement cycles and the fact that the source design names. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table public.fact_upi_aggregates (
    txn_date date primary key,
    total_txns bigint not null,
    total_amount numeric(14, 2) not null,
    success_rate numeric(7, 6),
    success_txns bigint not null,
    failed_txns bigint not null,
    pending_txns bigint not null,
    avg_txn_amount numeric(14, 2),
    min_txn_amount numeric(14, 2),
    max_txn_amount numeric(14, 2),
    unique_payers bigint not null,
    unique_payees bigint not null,
    unique_handles bigint not null
  )`.execute(db)
  await createDaily(db)
  await sql`create table public.hourly_upi_summary (
    date date not null,
    hour smallint not null check (hour between 0 and 23),
    total_txns bigint not null,
    success_txns bigint not null,
    failed_txns bigint not null,
    pending_txns bigint not null,
    reversed_txns bigint not null,
    amount numeric(14, 2) not null,
    primary key (date, hour)
  )`.execute(db)
  await sql`create table public.settlement_upi_summary (
    settlement_date date not null,
    cycle smallint not null check (cycle between 1 and 10),
    txns bigint not null,
    amount numeric(14, 2) not null,
    primary key (settlement_date, cycle)
  )`.execute(db)
}

async function createDaily(db: Kysely<unknown>): Promise<void> {
  await sql`create table public.daily_upi_summary (
    date date primary key,
    total_txns bigint not null,
    success_txns bigint not null,
    failed_txns bigint not null,
    pending_txns bigint not null,
    reversed_txns bigint not null,
    total_amount numeric(14, 2) not null,
    attempted_amount numeric(14, 2) not null,
    refund_txns bigint not null,
    refund_amount numeric(14, 2) not null,
    net_amount numeric(14, 2) not null,
    success_rate numeric(7, 6),
    terminal_success_rate numeric(7, 6),
    td_txns bigint not null,
    bd_txns bigint not null,
    unique_payers bigint not null,
    unique_payees bigint not null,
    avg_ticket numeric(14, 2),
    p50_latency_ms bigint,
    p95_latency_ms bigint,
    p99_latency_ms bigint
  )`.execute(db)
}
