{{ config(materialized='view') }}
select business_date as txn_date, amount, latency_ms, decline_class, payer_key, payer_handle, payee_key,
  type is distinct from 'REFUND' as is_payment,
  status = 'SUCCESS' as is_success,
  status in ('FAILED', 'EXPIRED', 'DECLINED') as is_failed,
  status in ('PENDING', 'DEEMED') as is_pending,
  status = 'REVERSED' as is_reversed,
  case when type = 'REFUND' then payer when strpos(payee, '*') = 0 then payee end as merchant
from {{ source('upi', 'clean_upi_transactions') }}
