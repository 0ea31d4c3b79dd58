{{ config(unique_key='txn_date', indexes=[{'columns': ['txn_date'], 'unique': true}]) }}
with counted as (
  select txn_date,
    count(*) filter (where is_payment) as total_txns,
    coalesce(sum(amount) filter (where is_payment and is_success), 0) as total_amount,
    count(*) filter (where is_payment and is_success) as success_txns,
    count(*) filter (where is_payment and is_failed) as failed_txns,
    count(*) filter (where is_payment and is_pending) as pending_txns,
    min(amount) filter (where is_payment and is_success) as min_txn_amount,
    max(amount) filter (where is_payment and is_success) as max_txn_amount,
    count(distinct payer_key) filter (where is_payment) as unique_payers,
    count(distinct payee_key) filter (where is_payment) as unique_payees,
    count(distinct payer_handle) filter (where is_payment) as unique_handles
  from {{ ref('stg_upi_transactions') }}
  {% if is_incremental() %}where txn_date = '{{ var("day") }}'{% endif %}
  group by txn_date
)
select txn_date, total_txns, total_amount, (success_txns::numeric / nullif(total_txns, 0))::numeric(7, 6) as success_rate,
  success_txns, failed_txns, pending_txns, round(total_amount / nullif(success_txns, 0), 2) as avg_txn_amount,
  min_txn_amount, max_txn_amount, unique_payers, unique_payees, unique_handles
from counted
