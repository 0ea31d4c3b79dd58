import { type Kysely, sql } from 'kysely'

/** Marts belong to the role that builds them, hold all of India's money, and the ledger knows what each day holds. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [mart, amounts] of Object.entries(MARTS)) {
    const table = sql.table(`public.${mart}`)
    for (const amount of amounts) {
      // No rewrite: only the precision grows.
      await sql`alter table ${table} alter column ${sql.ref(amount)} type numeric(38, 2)`.execute(
        db,
      )
    }
    await sql`set local role none`.execute(db)
    await sql`alter table ${table} owner to upi_transform`.execute(db)
    await sql`set local role upi_admin`.execute(db)
  }
  await sql`create table ops.model_days (
    model text collate "C" not null,
    business_date date,
    state text collate "C" not null check (state in ('built', 'failed')),
    fingerprint text collate "C" not null,
    built_at timestamptz not null default clock_timestamp(),
    unique nulls not distinct (model, business_date)
  )`.execute(db)
  await sql`comment on table ops.model_days is
    'What each model holds of each day, and by which version of itself; a model without days has one row. Written with the figures, in one commit.'`.execute(
    db,
  )
  await sql`alter table ops.model_runs add column reason text collate "C"`.execute(db)
  await sql`grant select, insert, update, delete on ops.model_days to upi_transform`.execute(db)
  await sql`grant select on ops.model_days to upi_api`.execute(db)
}

const MARTS: Readonly<Record<string, readonly string[]>> = {
  fact_upi_aggregates: ['total_amount', 'avg_txn_amount', 'min_txn_amount', 'max_txn_amount'],
  daily_upi_summary: [
    'total_amount',
    'attempted_amount',
    'refund_amount',
    'net_amount',
    'avg_ticket',
  ],
  hourly_upi_summary: ['amount'],
  settlement_upi_summary: ['amount'],
  merchant_upi_summary: ['amount', 'attempted_amount', 'refund_amount', 'net_amount', 'avg_ticket'],
  dim_merchants: ['total_revenue', 'avg_transaction_amount'],
  handle_upi_summary: [],
  bank_upi_summary: [],
  category_upi_summary: ['amount'],
  decline_upi_summary: [],
}
