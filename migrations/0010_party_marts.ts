import { type Kysely, sql } from 'kysely'

/** The marts by who took part: merchants, handles, banks, categories and what was declined. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createMerchants(db)
  await createSides(db)
  await sql`create table public.category_upi_summary (
    date date not null,
    mcc text collate "C" not null,
    type text collate "C" not null,
    channel text collate "C" not null,
    total_txns bigint not null,
    success_txns bigint not null,
    failed_txns bigint not null,
    pending_txns bigint not null,
    reversed_txns bigint not null,
    amount numeric(14, 2) not null,
    primary key (date, mcc, type, channel)
  )`.execute(db)
  await sql`create table public.decline_upi_summary (
    date date not null,
    response_code text collate "C" not null,
    class text collate "C",
    txns bigint not null,
    primary key (date, response_code)
  )`.execute(db)
}

async function createMerchants(db: Kysely<unknown>): Promise<void> {
  await sql`create table public.merchant_upi_summary (
    merchant text collate "C" not null,
    date date not null,
    total_txns bigint not null,
    success_txns bigint not null,
    failed_txns bigint not null,
    pending_txns bigint not null,
    amount numeric(14, 2) not null,
    attempted_amount numeric(14, 2) not null,
    refund_amount numeric(14, 2) not null,
    net_amount numeric(14, 2) not null,
    unique_payers bigint not null,
    avg_ticket numeric(14, 2),
    success_rate numeric(7, 6),
    primary key (merchant, date)
  )`.execute(db)
  // A day is built and shown as a whole; equal dates share their index entries, so this costs next to nothing.
  await sql`create index merchant_upi_summary_date on public.merchant_upi_summary (date)`.execute(
    db,
  )
  await sql`create table public.dim_merchants (
    merchant_id text collate "C" primary key,
    first_transaction_date date not null,
    last_transaction_date date not null,
    active_days integer not null,
    total_transactions bigint not null,
    total_revenue numeric(14, 2) not null,
    avg_transaction_amount numeric(14, 2),
    successful_transactions bigint not null,
    success_rate numeric(7, 6)
  )`.execute(db)
}

// The shape of NPCI's own tables: approved, BD and TD percentages of the volume, and reversals.
async function createSides(db: Kysely<unknown>): Promise<void> {
  for (const party of ['handle', 'bank'] as const) {
    await sql`create table ${sql.table(`public.${party}_upi_summary`)} (
      date date not null,
      ${sql.ref(party)} text collate "C" not null,
      side text collate "C" not null check (side in ('payer', 'payee')),
      txns bigint not null,
      approved bigint not null,
      td bigint not null,
      bd bigint not null,
      reversals bigint not null,
      approved_rate numeric(7, 6),
      td_rate numeric(7, 6),
      bd_rate numeric(7, 6),
      primary key (date, ${sql.ref(party)}, side)
    )`.execute(db)
  }
}
