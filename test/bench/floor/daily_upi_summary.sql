insert into daily_upi_summary (
  date, total_txns, success_txns, failed_txns, pending_txns, reversed_txns, total_amount, attempted_amount, refund_txns,
  refund_amount, net_amount, success_rate, terminal_success_rate, td_txns, bd_txns, unique_payers, unique_payees,
  avg_ticket, p50_latency_ms, p95_latency_ms, p99_latency_ms
)
select c.business_date, c.total_txns, c.success_txns, c.failed_txns, c.pending_txns, c.reversed_txns, c.total_amount,
  c.attempted_amount, c.refund_txns, c.refund_amount, c.total_amount - c.refund_amount,
  c.success_txns::numeric / nullif(c.total_txns, 0), c.success_txns::numeric / nullif(c.total_txns - c.pending_txns, 0),
  c.td_txns, c.bd_txns, f.unique_payers, f.unique_payees, round(c.total_amount / nullif(c.success_txns, 0), 2),
  c.latencies[1], c.latencies[2], c.latencies[3]
from (
  select business_date,
    count(*) filter (where type is distinct from 'REFUND') as total_txns,
    count(*) filter (where type is distinct from 'REFUND' and status = 'SUCCESS') as success_txns,
    count(*) filter (where type is distinct from 'REFUND' and status in ('FAILED', 'EXPIRED', 'DECLINED')) as failed_txns,
    count(*) filter (where type is distinct from 'REFUND' and status in ('PENDING', 'DEEMED')) as pending_txns,
    count(*) filter (where type is distinct from 'REFUND' and status = 'REVERSED') as reversed_txns,
    coalesce(sum(amount) filter (where type is distinct from 'REFUND' and status = 'SUCCESS'), 0) as total_amount,
    coalesce(sum(amount) filter (where type is distinct from 'REFUND'), 0) as attempted_amount,
    count(*) filter (where type = 'REFUND' and status = 'SUCCESS') as refund_txns,
    coalesce(sum(amount) filter (where type = 'REFUND' and status = 'SUCCESS'), 0) as refund_amount,
    count(*) filter (where type is distinct from 'REFUND' and decline_class = 'TD') as td_txns,
    count(*) filter (where type is distinct from 'REFUND' and decline_class = 'BD') as bd_txns,
    percentile_disc(array[0.5, 0.95, 0.99]) within group (order by latency_ms)
      filter (where type is distinct from 'REFUND') as latencies
  from clean_upi_transactions
  where business_date = :'day'
  group by business_date
) as c
join fact_upi_aggregates as f on f.txn_date = c.business_date
on conflict (date) do update set
  total_txns = excluded.total_txns,
  success_txns = excluded.success_txns,
  failed_txns = excluded.failed_txns,
  pending_txns = excluded.pending_txns,
  reversed_txns = excluded.reversed_txns,
  total_amount = excluded.total_amount,
  attempted_amount = excluded.attempted_amount,
  refund_txns = excluded.refund_txns,
  refund_amount = excluded.refund_amount,
  net_amount = excluded.net_amount,
  success_rate = excluded.success_rate,
  terminal_success_rate = excluded.terminal_success_rate,
  td_txns = excluded.td_txns,
  bd_txns = excluded.bd_txns,
  unique_payers = excluded.unique_payers,
  unique_payees = excluded.unique_payees,
  avg_ticket = excluded.avg_ticket,
  p50_latency_ms = excluded.p50_latency_ms,
  p95_latency_ms = excluded.p95_latency_ms,
  p99_latency_ms = excluded.p99_latency_ms;
