insert into fact_upi_aggregates (
  txn_date, total_txns, total_amount, success_rate, success_txns, failed_txns, pending_txns, avg_txn_amount,
  min_txn_amount, max_txn_amount, unique_payers, unique_payees, unique_handles
)
select business_date, total_txns, total_amount, success_txns::numeric / nullif(total_txns, 0), success_txns, failed_txns,
  pending_txns, round(total_amount / nullif(success_txns, 0), 2), min_txn_amount, max_txn_amount, unique_payers,
  unique_payees, unique_handles
from (
  select business_date,
    count(*) filter (where type is distinct from 'REFUND') as total_txns,
    coalesce(sum(amount) filter (where type is distinct from 'REFUND' and status = 'SUCCESS'), 0) as total_amount,
    count(*) filter (where type is distinct from 'REFUND' and status = 'SUCCESS') as success_txns,
    count(*) filter (where type is distinct from 'REFUND' and status in ('FAILED', 'EXPIRED', 'DECLINED')) as failed_txns,
    count(*) filter (where type is distinct from 'REFUND' and status in ('PENDING', 'DEEMED')) as pending_txns,
    min(amount) filter (where type is distinct from 'REFUND' and status = 'SUCCESS') as min_txn_amount,
    max(amount) filter (where type is distinct from 'REFUND' and status = 'SUCCESS') as max_txn_amount,
    count(distinct payer_key) filter (where type is distinct from 'REFUND') as unique_payers,
    count(distinct payee_key) filter (where type is distinct from 'REFUND') as unique_payees,
    count(distinct payer_handle) filter (where type is distinct from 'REFUND') as unique_handles
  from clean_upi_transactions
  where business_date = :'day'
  group by business_date
) as counted
on conflict (txn_date) do update set
  total_txns = excluded.total_txns,
  total_amount = excluded.total_amount,
  success_rate = excluded.success_rate,
  success_txns = excluded.success_txns,
  failed_txns = excluded.failed_txns,
  pending_txns = excluded.pending_txns,
  avg_txn_amount = excluded.avg_txn_amount,
  min_txn_amount = excluded.min_txn_amount,
  max_txn_amount = excluded.max_txn_amount,
  unique_payers = excluded.unique_payers,
  unique_payees = excluded.unique_payees,
  unique_handles = excluded.unique_handles;
