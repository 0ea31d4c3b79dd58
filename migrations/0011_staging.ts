import { type Kysely, sql } from 'kysely'

/** Staging names clean for the marts; the view belongs to the role of the models, which replace it when theirs differs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`grant select on public.clean_upi_transactions to upi_transform`.execute(db)
  await sql`set local role upi_transform`.execute(db)
  await sql`create view public.stg_upi_transactions as
    select txn_id, business_date as txn_date, event_time, completed_at, status, amount, latency_ms,
      response_code, decline_class, type, channel, mcc, payer_key, payer_handle, payer_bank,
      payee_key, payee_handle, payee_bank, original_txn_id,
      type is distinct from 'REFUND' as is_payment,
      status = 'SUCCESS' as is_success,
      status in ('FAILED', 'EXPIRED', 'DECLINED') as is_failed,
      status in ('PENDING', 'DEEMED') as is_pending,
      status = 'REVERSED' as is_reversed,
      status not in ('PENDING', 'DEEMED') as is_terminal,
      -- A person is masked with stars, which no VPA holds; in a refund the merchant pays.
      case when type = 'REFUND' then payer when strpos(payee, '*') = 0 then payee end as merchant
    from public.clean_upi_transactions`.execute(db)
  await sql`set local role upi_admin`.execute(db)
}
