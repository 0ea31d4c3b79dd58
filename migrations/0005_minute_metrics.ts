import { type Kysely, sql } from 'kysely'

/** Live figures are sums of deltas, one row a minute and Kafka partition, so that no two workers wait for each other. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createBase(db)
  await createViews(db)
}

// A bucket counts latencies up to its bound and above the bound before. UPI answers within 15 s, or breaks its terms.
const SUMS = sql`
  sum(txns)::bigint as txns,
  sum(amount)::numeric(14, 2) as amount,
  sum(td)::bigint as td,
  sum(bd)::bigint as bd,
  sum(p2p)::bigint as p2p,
  sum(p2m)::bigint as p2m,
  sum(refunds)::bigint as refunds,
  sum(refund_amount)::numeric(14, 2) as refund_amount,
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

async function createBase(db: Kysely<unknown>): Promise<void> {
  // Room on each page lets a counter be updated in place, without touching the index.
  await sql`create table ops.minute_metrics (
    window_start timestamptz not null,
    kafka_partition integer not null,
    payer_handle text collate "C" not null,
    status text collate "C" not null,
    txns bigint not null default 0,
    amount numeric(14, 2) not null default 0,
    td bigint not null default 0,
    bd bigint not null default 0,
    p2p bigint not null default 0,
    p2m bigint not null default 0,
    refunds bigint not null default 0,
    refund_amount numeric(14, 2) not null default 0,
    late bigint not null default 0,
    latency_250ms bigint not null default 0,
    latency_500ms bigint not null default 0,
    latency_1s bigint not null default 0,
    latency_2s bigint not null default 0,
    latency_3s bigint not null default 0,
    latency_5s bigint not null default 0,
    latency_10s bigint not null default 0,
    latency_15s bigint not null default 0,
    latency_20s bigint not null default 0,
    latency_30s bigint not null default 0,
    latency_over bigint not null default 0,
    primary key (window_start, kafka_partition, payer_handle, status)
  ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)`.execute(db)
  // Lets the five-minute view be read for a range of time without summing all that came before.
  await sql`create index minute_metrics_five_minutes on ops.minute_metrics
    using brin (date_bin('5 minutes', window_start, '2000-01-01 00:00:00+00'))
    with (pages_per_range = 16)`.execute(db)
  await sql`comment on table ops.minute_metrics is
    'Deltas by minute of event time; a partition''s share may be negative, the sum over partitions is exact. Partition -1 is rebuild and replay.'`.execute(
    db,
  )
}

async function createViews(db: Kysely<unknown>): Promise<void> {
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
}
