create table "daily_upi_summary" (
  "date" date not null,
  "total_txns" bigint not null,
  "success_txns" bigint not null,
  "failed_txns" bigint not null,
  "pending_txns" bigint not null,
  "reversed_txns" bigint not null,
  "total_amount" numeric(38,2) not null,
  "attempted_amount" numeric(38,2) not null,
  "refund_txns" bigint not null,
  "refund_amount" numeric(38,2) not null,
  "net_amount" numeric(38,2) not null,
  "success_rate" numeric(7,6),
  "terminal_success_rate" numeric(7,6),
  "td_txns" bigint not null,
  "bd_txns" bigint not null,
  "unique_payers" bigint not null,
  "unique_payees" bigint not null,
  "avg_ticket" numeric(38,2),
  "p50_latency_ms" bigint,
  "p95_latency_ms" bigint,
  "p99_latency_ms" bigint,
  primary key ("date")
);

grant select on "daily_upi_summary" to "upi_api", "upi_report";

comment on table "daily_upi_summary" is 'One row a business date: payments by outcome, money, people, speed. Refunds apart. [model e9e766d1eebab5fb]';

-- $1 = 2026-02-01
-- $2 = 2026-02-01
create temporary table "built_daily_upi_summary" on commit drop as
with "counted" as (
  select
    "t"."txn_date" as "date",
    count(*) filter (where "t"."is_payment") as "total_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_success") as "success_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_failed") as "failed_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_pending") as "pending_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_reversed") as "reversed_txns",
    coalesce(sum("t"."amount") filter (where "t"."is_payment" and "t"."is_success"), 0)::numeric(38, 2) as "total_amount",
    coalesce(sum("t"."amount") filter (where "t"."is_payment"), 0)::numeric(38, 2) as "attempted_amount",
    count(*) filter (where not "t"."is_payment" and "t"."is_success") as "refund_txns",
    coalesce(sum("t"."amount") filter (where not "t"."is_payment" and "t"."is_success"), 0)::numeric(38, 2) as "refund_amount",
    count(*) filter (where "t"."is_payment" and "t"."decline_class" = 'TD') as "td_txns",
    count(*) filter (where "t"."is_payment" and "t"."decline_class" = 'BD') as "bd_txns",
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
  ("c"."total_amount" - "c"."refund_amount")::numeric(38, 2) as "net_amount",
  ("c"."success_txns"::numeric / nullif("c"."total_txns", 0))::numeric(7, 6) as "success_rate",
  ("c"."success_txns"::numeric / nullif(("c"."total_txns" - "c"."pending_txns"), 0))::numeric(7, 6) as "terminal_success_rate",
  "c"."td_txns",
  "c"."bd_txns",
  "f"."unique_payers",
  "f"."unique_payees",
  round("c"."total_amount" / nullif("c"."success_txns", 0), 2)::numeric(38, 2) as "avg_ticket",
  "c"."latencies"[1] as "p50_latency_ms",
  "c"."latencies"[2] as "p95_latency_ms",
  "c"."latencies"[3] as "p99_latency_ms"
from "counted" as "c"
inner join (
  select
    *
  from "fact_upi_aggregates"
  where "txn_date" = $2
) as "f" on "f"."txn_date" = "c"."date";

-- $1 = 2026-02-01
select exists (
  select from "built_daily_upi_summary" as built
  where not (("date" = $1)
    and ("date" is not null)
    and ("total_txns" is not null)
    and ("total_txns" >= 0)
    and ("success_txns" is not null)
    and ("success_txns" >= 0)
    and ("failed_txns" is not null)
    and ("failed_txns" >= 0)
    and ("pending_txns" is not null)
    and ("pending_txns" >= 0)
    and ("reversed_txns" is not null)
    and ("reversed_txns" >= 0)
    and ("total_amount" is not null)
    and ("total_amount" >= 0)
    and ("attempted_amount" is not null)
    and ("attempted_amount" >= 0)
    and ("refund_txns" is not null)
    and ("refund_txns" >= 0)
    and ("refund_amount" is not null)
    and ("refund_amount" >= 0)
    and ("net_amount" is not null)
    and ("success_rate" between 0 and 1)
    and ("terminal_success_rate" between 0 and 1)
    and ("td_txns" is not null)
    and ("td_txns" >= 0)
    and ("bd_txns" is not null)
    and ("bd_txns" >= 0)
    and ("unique_payers" is not null)
    and ("unique_payers" >= 0)
    and ("unique_payees" is not null)
    and ("unique_payees" >= 0)
    and ("avg_ticket" >= 0)
    and ("p50_latency_ms" >= 0)
    and ("p95_latency_ms" >= 0)
    and ("p99_latency_ms" >= 0)
    and ("total_txns" = "success_txns" + "failed_txns"
      + "pending_txns" + "reversed_txns")
    and (("p50_latency_ms" <= "p95_latency_ms"
          and "p95_latency_ms" <= "p99_latency_ms")))
) as any_bad;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
with compared as (
  select b.*, m.held_at
  from "built_daily_upi_summary" as b
  full join (
    select ctid as held_at, * from "daily_upi_summary" where "date" = $1
  ) as m on "b"."date" = "m"."date"
  where m.held_at is null or "b"."date" is null or ("m"."total_txns", "m"."success_txns", "m"."failed_txns", "m"."pending_txns", "m"."reversed_txns", "m"."total_amount", "m"."attempted_amount", "m"."refund_txns", "m"."refund_amount", "m"."net_amount", "m"."success_rate", "m"."terminal_success_rate", "m"."td_txns", "m"."bd_txns", "m"."unique_payers", "m"."unique_payees", "m"."avg_ticket", "m"."p50_latency_ms", "m"."p95_latency_ms", "m"."p99_latency_ms") is distinct from ("b"."total_txns", "b"."success_txns", "b"."failed_txns", "b"."pending_txns", "b"."reversed_txns", "b"."total_amount", "b"."attempted_amount", "b"."refund_txns", "b"."refund_amount", "b"."net_amount", "b"."success_rate", "b"."terminal_success_rate", "b"."td_txns", "b"."bd_txns", "b"."unique_payers", "b"."unique_payees", "b"."avg_ticket", "b"."p50_latency_ms", "b"."p95_latency_ms", "b"."p99_latency_ms")
), written as (
  insert into "daily_upi_summary" as m ("date", "total_txns", "success_txns", "failed_txns", "pending_txns", "reversed_txns", "total_amount", "attempted_amount", "refund_txns", "refund_amount", "net_amount", "success_rate", "terminal_success_rate", "td_txns", "bd_txns", "unique_payers", "unique_payees", "avg_ticket", "p50_latency_ms", "p95_latency_ms", "p99_latency_ms")
  select "date", "total_txns", "success_txns", "failed_txns", "pending_txns", "reversed_txns", "total_amount", "attempted_amount", "refund_txns", "refund_amount", "net_amount", "success_rate", "terminal_success_rate", "td_txns", "bd_txns", "unique_payers", "unique_payees", "avg_ticket", "p50_latency_ms", "p95_latency_ms", "p99_latency_ms" from compared where "date" is not null
  on conflict ("date") do update set
    "total_txns" = "excluded"."total_txns",
    "success_txns" = "excluded"."success_txns",
    "failed_txns" = "excluded"."failed_txns",
    "pending_txns" = "excluded"."pending_txns",
    "reversed_txns" = "excluded"."reversed_txns",
    "total_amount" = "excluded"."total_amount",
    "attempted_amount" = "excluded"."attempted_amount",
    "refund_txns" = "excluded"."refund_txns",
    "refund_amount" = "excluded"."refund_amount",
    "net_amount" = "excluded"."net_amount",
    "success_rate" = "excluded"."success_rate",
    "terminal_success_rate" = "excluded"."terminal_success_rate",
    "td_txns" = "excluded"."td_txns",
    "bd_txns" = "excluded"."bd_txns",
    "unique_payers" = "excluded"."unique_payers",
    "unique_payees" = "excluded"."unique_payees",
    "avg_ticket" = "excluded"."avg_ticket",
    "p50_latency_ms" = "excluded"."p50_latency_ms",
    "p95_latency_ms" = "excluded"."p95_latency_ms",
    "p99_latency_ms" = "excluded"."p99_latency_ms"
  returning "old"."date" is null as is_new
), vanished as (
  delete from "daily_upi_summary" as m
  where ctid = any (array(select held_at from compared where "date" is null))
  returning m.*
)
select
  (select count(*) from "built_daily_upi_summary") as built,
  (select count(*) from "daily_upi_summary" where "date" = $2) as held,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
select jsonb_build_object('here', to_jsonb(ours), 'there', to_jsonb(theirs)) as bad
from (select coalesce(sum("total_txns"), 0)::numeric as "total_txns", coalesce(sum("success_txns"), 0)::numeric as "success_txns", coalesce(sum("failed_txns"), 0)::numeric as "failed_txns", coalesce(sum("pending_txns"), 0)::numeric as "pending_txns", coalesce(sum("total_amount"), 0)::numeric as "total_amount" from "daily_upi_summary" where "date" = $1) as ours,
  (select coalesce("total_txns", 0)::numeric as "total_txns", coalesce("success_txns", 0)::numeric as "success_txns", coalesce("failed_txns", 0)::numeric as "failed_txns", coalesce("pending_txns", 0)::numeric as "pending_txns", coalesce("total_amount", 0)::numeric as "total_amount" from ((select sum("m"."total_txns") * 1 as "total_txns", sum("m"."success_txns") * 1 as "success_txns", sum("m"."failed_txns") * 1 as "failed_txns", sum("m"."pending_txns") * 1 as "pending_txns", sum("m"."total_amount") * 1 as "total_amount" from (select * from "fact_upi_aggregates" where "txn_date" = $2) as "m")) as totals) as theirs
where ("ours"."total_txns", "ours"."success_txns", "ours"."failed_txns", "ours"."pending_txns", "ours"."total_amount") is distinct from ("theirs"."total_txns", "theirs"."success_txns", "theirs"."failed_txns", "theirs"."pending_txns", "theirs"."total_amount");
