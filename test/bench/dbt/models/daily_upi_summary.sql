{{ config(unique_key='date', indexes=[{'columns': ['date'], 'unique': true}]) }}
with counted as (
  select txn_date as date,
    count(*) filter (where is_payment) as total_txns,
    count(*) filter (where is_payment and is_success) as success_txns,
    count(*) filter (where is_payment and is_failed) as failed_txns,
    count(*) filter (where is_payment and is_pending) as pending_txns,
    count(*) filter (where is_payment and is_reversed) as reversed_txns,
    coalesce(sum(amount) filter (where is_payment and is_success), 0) as total_amount,
    coalesce(sum(amount) filter (where is_payment), 0) as attempted_amount,
    count(*) filter (where not is_payment and is_success) as refund_txns,
    coalesce(sum(amount) filter (where not is_payment and is_success), 0) as refund_amount,
    count(*) filter (where is_payment and decline_class = 'TD') as td_txns,
    count(*) filter (where is_payment and decline_class = 'BD') as bd_txns,
    percentile_disc(array[0.5, 0.95, 0.99]) within group (order by latency_ms) filter (where is_payment) as latencies
  from {{ ref('stg_upi_transactions') }}
  {% if is_incremental() %}where txn_date = '{{ var("day") }}'{% endif %}
  group by txn_date
)
select c.date, c.total_txns, c.success_txns, c.failed_txns, c.pending_txns, c.reversed_txns, c.total_amount,
  c.attempted_amount, c.refund_txns, c.refund_amount, c.total_amount - c.refund_amount as net_amount,
  (c.success_txns::numeric / nullif(c.total_txns, 0))::numeric(7, 6) as success_rate,
  (c.success_txns::numeric / nullif(c.total_txns - c.pending_txns, 0))::numeric(7, 6) as terminal_success_rate,
  c.td_txns, c.bd_txns, f.unique_payers, f.unique_payees,
  round(c.total_amount / nullif(c.success_txns, 0), 2) as avg_ticket,
  c.latencies[1] as p50_latency_ms, c.latencies[2] as p95_latency_ms, c.latencies[3] as p99_latency_ms
from counted as c
join {{ ref('fact_upi_aggregates') }} as f on f.txn_date = c.date
