-- $1 = 2026-02-01
create temporary table "built_daily_upi_summary" on commit drop as
with "counted" as (
  select
    "t"."txn_date" as "date",
    count(*) filter (where "t"."is_payment") as "total_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_success") as "success_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_failed") as "failed_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_pending") as "pending_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_reversed") as "reversed_txns",
    coalesce(sum("t"."amount") filter (where "t"."is_payment" and "t"."is_success"), 0)::numeric(14, 2) as "total_amount",
    coalesce(sum("t"."amount") filter (where "t"."is_payment"), 0)::numeric(14, 2) as "attempted_amount",
    count(*) filter (where not "t"."is_payment" and "t"."is_success") as "refund_txns",
    coalesce(sum("t"."amount") filter (where not "t"."is_payment" and "t"."is_success"), 0)::numeric(14, 2) as "refund_amount",
    count(*) filter (where "t"."is_payment" and "t"."decline_class" = 'TD') as "td_txns",
    count(*) filter (where "t"."is_payment" and "t"."decline_class" = 'BD') as "bd_txns",
    count(distinct "t"."payer_key") filter (where "t"."is_payment") as "unique_payers",
    count(distinct "t"."payee_key") filter (where "t"."is_payment") as "unique_payees",
    percentile_disc(array[0.5, 0.95, 0.99]) within group (order by "t"."latency_ms") filter (where "t"."is_payment") as "latencies"
  from (
    select
      *
    from "stg_upi_transactions"
    where "txn_date" = $1
  ) as "t"
  group by "t"."txn_date"
)
select
  "c"."date",
  "c"."total_txns",
  "c"."success_txns",
  "c"."failed_txns",
  "c"."pending_txns",
  "c"."reversed_txns",
  "c"."total_amount",
  "c"."attempted_amount",
  "c"."refund_txns",
  "c"."refund_amount",
  ("c"."total_amount" - "c"."refund_amount")::numeric(14, 2) as "net_amount",
  ("c"."success_txns"::numeric / nullif("c"."total_txns", 0))::numeric(7, 6) as "success_rate",
  ("c"."success_txns"::numeric / nullif(("c"."total_txns" - "c"."pending_txns"), 0))::numeric(7, 6) as "terminal_success_rate",
  "c"."td_txns",
  "c"."bd_txns",
  "c"."unique_payers",
  "c"."unique_payees",
  round("c"."total_amount" / nullif("c"."success_txns", 0), 2)::numeric(14, 2) as "avg_ticket",
  "c"."latencies"[1] as "p50_latency_ms",
  "c"."latencies"[2] as "p95_latency_ms",
  "c"."latencies"[3] as "p99_latency_ms"
from "counted" as "c";

-- $1 = 2026-02-01
with written as (
  insert into "daily_upi_summary" as m ("date", "total_txns", "success_txns", "failed_txns", "pending_txns", "reversed_txns", "total_amount", "attempted_amount", "refund_txns", "refund_amount", "net_amount", "success_rate", "terminal_success_rate", "td_txns", "bd_txns", "unique_payers", "unique_payees", "avg_ticket", "p50_latency_ms", "p95_latency_ms", "p99_latency_ms")
  select "date", "total_txns", "success_txns", "failed_txns", "pending_txns", "reversed_txns", "total_amount", "attempted_amount", "refund_txns", "refund_amount", "net_amount", "success_rate", "terminal_success_rate", "td_txns", "bd_txns", "unique_payers", "unique_payees", "avg_ticket", "p50_latency_ms", "p95_latency_ms", "p99_latency_ms" from "built_daily_upi_summary"
  on conflict ("date") do update set
    "total_txns" = excluded."total_txns",
    "success_txns" = excluded."success_txns",
    "failed_txns" = excluded."failed_txns",
    "pending_txns" = excluded."pending_txns",
    "reversed_txns" = excluded."reversed_txns",
    "total_amount" = excluded."total_amount",
    "attempted_amount" = excluded."attempted_amount",
    "refund_txns" = excluded."refund_txns",
    "refund_amount" = excluded."refund_amount",
    "net_amount" = excluded."net_amount",
    "success_rate" = excluded."success_rate",
    "terminal_success_rate" = excluded."terminal_success_rate",
    "td_txns" = excluded."td_txns",
    "bd_txns" = excluded."bd_txns",
    "unique_payers" = excluded."unique_payers",
    "unique_payees" = excluded."unique_payees",
    "avg_ticket" = excluded."avg_ticket",
    "p50_latency_ms" = excluded."p50_latency_ms",
    "p95_latency_ms" = excluded."p95_latency_ms",
    "p99_latency_ms" = excluded."p99_latency_ms"
  where (m."total_txns", m."success_txns", m."failed_txns", m."pending_txns", m."reversed_txns", m."total_amount", m."attempted_amount", m."refund_txns", m."refund_amount", m."net_amount", m."success_rate", m."terminal_success_rate", m."td_txns", m."bd_txns", m."unique_payers", m."unique_payees", m."avg_ticket", m."p50_latency_ms", m."p95_latency_ms", m."p99_latency_ms")
    is distinct from (excluded."total_txns", excluded."success_txns", excluded."failed_txns", excluded."pending_txns", excluded."reversed_txns", excluded."total_amount", excluded."attempted_amount", excluded."refund_txns", excluded."refund_amount", excluded."net_amount", excluded."success_rate", excluded."terminal_success_rate", excluded."td_txns", excluded."bd_txns", excluded."unique_payers", excluded."unique_payees", excluded."avg_ticket", excluded."p50_latency_ms", excluded."p95_latency_ms", excluded."p99_latency_ms")
  returning old."date" is null as is_new
), vanished as (
  delete from "daily_upi_summary" as m
  where m."date" = $1
    and not exists (select from "built_daily_upi_summary" as b where b."date" = m."date")
  returning 1
)
select
  (select count(*) from "built_daily_upi_summary") as built,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted;
