insert into merchant_upi_summary (
  merchant, date, total_txns, success_txns, failed_txns, pending_txns, amount, attempted_amount, refund_amount,
  net_amount, unique_payers, avg_ticket, success_rate
)
select merchant, business_date, total_txns, success_txns, failed_txns, pending_txns, amount, attempted_amount, refund_amount,
  amount - refund_amount, unique_payers, round(amount / nullif(success_txns, 0), 2),
  success_txns::numeric / nullif(total_txns, 0)
from (
  select case when type = 'REFUND' then payer else payee end as merchant, business_date,
    count(*) filter (where type is distinct from 'REFUND') as total_txns,
    count(*) filter (where type is distinct from 'REFUND' and status = 'SUCCESS') as success_txns,
    count(*) filter (where type is distinct from 'REFUND' and status in ('FAILED', 'EXPIRED', 'DECLINED')) as failed_txns,
    count(*) filter (where type is distinct from 'REFUND' and status in ('PENDING', 'DEEMED')) as pending_txns,
    coalesce(sum(amount) filter (where type is distinct from 'REFUND' and status = 'SUCCESS'), 0) as amount,
    coalesce(sum(amount) filter (where type is distinct from 'REFUND'), 0) as attempted_amount,
    coalesce(sum(amount) filter (where type = 'REFUND' and status = 'SUCCESS'), 0) as refund_amount,
    count(distinct payer_key) filter (where type is distinct from 'REFUND') as unique_payers
  from clean_upi_transactions
  where business_date = :'day' and (type = 'REFUND' or strpos(payee, '*') = 0)
  group by 1, 2
) as counted
on conflict (merchant, date) do update set
  total_txns = excluded.total_txns,
  success_txns = excluded.success_txns,
  failed_txns = excluded.failed_txns,
  pending_txns = excluded.pending_txns,
  amount = excluded.amount,
  attempted_amount = excluded.attempted_amount,
  refund_amount = excluded.refund_amount,
  net_amount = excluded.net_amount,
  unique_payers = excluded.unique_payers,
  avg_ticket = excluded.avg_ticket,
  success_rate = excluded.success_rate;
