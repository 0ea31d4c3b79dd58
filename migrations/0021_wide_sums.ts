import { type Kysely, sql } from 'kysely'

/** A minute's sum holds whatever payments the rules let through: amounts as large as clean has, any number of them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // A view's column keeps its type for life.
  await sql`drop view public.upi_minute_metrics, public.upi_five_minute_metrics`.execute(db)
  // No rewrite: only the precision grows.
  await sql`alter table ops.minute_metrics
    alter column amount type numeric(38, 2),
    alter column refund_amount type numeric(38, 2)`.execute(db)
  await sql`create view public.upi_minute_metrics as
    select window_start, payer_handle, status, ${SUMS}
    from ops.minute_metrics
    group by window_start, payer_handle, status
    having sum(txns) <> 0 or sum(refunds) <> 0`.execute(db)
  await sql`create view public.upi_five_minute_metrics as
    select date_bin('5 minutes', window_start, '2000-01-01 00:00:00+00') as window_start,
      payer_handle, status, ${SUMS}
    from ops.minute_metrics
    group by 1, payer_handle, status
    having sum(txns) <> 0 or sum(refunds) <> 0`.execute(db)
  await sql`grant select on public.upi_minute_metrics, public.upi_five_minute_metrics
    to upi_ingest, upi_transform, upi_api, upi_report`.execute(db)
}

const SUMS = sql`
  sum(txns)::bigint as txns,
  sum(amount)::numeric(38, 2) as amount,
  sum(td)::bigint as td,
  sum(bd)::bigint as bd,
  sum(p2p)::bigint as p2p,
  sum(p2m)::bigint as p2m,
  sum(refunds)::bigint as refunds,
  sum(refund_amount)::numeric(38, 2) as refund_amount,
  sum(late)::bigint as late,
  sum(latency_250ms)::bigint as latency_250ms,
  sum(latency_500ms)::bigint as latency_500ms,
  sum(latency_1s)::bigint as latency_1s,
  sum(latency_2s)::bigint as latency_2s,
  sum(latency_3s)::bigint as latency_3s,
  sum(latency_5s)::bigint as latency_5s,
  sum(latency_10s)::bigint as latency_10s,
  sum(latency_15s)::bigint as latency_15s,
  sum(latency_20s)::bigint as latency_20s,
  sum(latency_30s)::bigint as latency_30s,
  sum(latency_over)::bigint as latency_over`
