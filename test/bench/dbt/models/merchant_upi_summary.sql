{{ config(unique_key='date', indexes=[{'columns': ['merchant', 'date'], 'unique': true}, {'columns': ['date']}]) }}
with counted as (
  select merchant, txn_date as date,
    count(*) filter (where is_payment) as total_txns,
    count(*) filter (where is_payment and is_success) as success_txns,
    count(*) filter (where is_payment and is_failed) as failed_txns,
    count(*) filter (where is_payment and is_pending) as pending_txns,
    coalesce(sum(amount) filter (where is_payment and is_success), 0) as amount,
    coalesce(sum(amount) filter (where is_payment), 0) as attempted_amount,
    coalesce(sum(amount) filter (where not is_payment and is_success), 0) as refund_amount,
    count(distinct payer_key) filter (where is_payment) as unique_payers
  from {{ ref('stg_upi_transactions') }}
  where merchant is not null
  {% if is_incremental() %}and txn_date = '{{ var("day") }}'{% endif %}
  group by merchant, txn_date
)
select merchant, date, total_txns, success_txns, failed_txns, pending_txns, amount, attempted_amount, refund_amount,
  amount - refund_amount as net_amount, unique_payers, round(amount / nullif(success_txns, 0), 2) as avg_ticket,
  (success_txns::numeric / nullif(total_txns, 0))::numeric(7, 6) as success_rate
from counted
