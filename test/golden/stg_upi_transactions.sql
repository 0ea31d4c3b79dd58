drop view if exists "stg_upi_transactions";

create view "stg_upi_transactions" as
select
  "c"."txn_id",
  "c"."business_date" as "txn_date",
  "c"."event_time",
  "c"."completed_at",
  "c"."status",
  "c"."amount",
  "c"."latency_ms",
  "c"."response_code",
  "c"."decline_class",
  "c"."type",
  "c"."channel",
  "c"."mcc",
  "c"."payer_key",
  "c"."payer_handle",
  "c"."payer_bank",
  "c"."payee_key",
  "c"."payee_handle",
  "c"."payee_bank",
  "c"."original_txn_id",
  "c"."type" is distinct from 'REFUND' as "is_payment",
  "c"."status" = 'SUCCESS' as "is_success",
  "c"."status" in ('FAILED', 'EXPIRED', 'DECLINED') as "is_failed",
  "c"."status" in ('PENDING', 'DEEMED') as "is_pending",
  "c"."status" = 'REVERSED' as "is_reversed",
  "c"."status" not in ('PENDING', 'DEEMED') as "is_terminal",
  case when "c"."type" = 'REFUND' then "c"."payer" when strpos("c"."payee", '*') = 0 then "c"."payee" end as "merchant"
from "clean_upi_transactions" as "c";

comment on view "stg_upi_transactions" is 'One row a transaction: clean with its status as questions, and the merchant named. [model 69fcd9765c854acc]';
