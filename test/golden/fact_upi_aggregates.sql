create table "fact_upi_aggregates" (
  "txn_date" date not null,
  "total_txns" bigint not null,
  "total_amount" numeric(38,2) not null,
  "success_rate" numeric(7,6),
  "success_txns" bigint not null,
  "failed_txns" bigint not null,
  "pending_txns" bigint not null,
  "avg_txn_amount" numeric(38,2),
  "min_txn_amount" numeric(38,2),
  "max_txn_amount" numeric(38,2),
  "unique_payers" bigint not null,
  "unique_payees" bigint not null,
  "unique_handles" bigint not null,
  primary key ("txn_date")
);

grant select on "fact_upi_aggregates" to "upi_api", "upi_report";

comment on table "fact_upi_aggregates" is 'One row a business date: how many payments, how much money, how many people. [model 7239c2d88e0bde81]';

-- $1 = 2026-02-01
create temporary table "built_fact_upi_aggregates" on commit drop as
with "counted" as (
  select
    "t"."txn_date",
    count(*) filter (where "t"."is_payment") as "total_txns",
    coalesce(sum("t"."amount") filter (where "t"."is_payment" and "t"."is_success"), 0)::numeric(38, 2) as "total_amount",
    count(*) filter (where "t"."is_payment" and "t"."is_success") as "success_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_failed") as "failed_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_pending") as "pending_txns",
    min("t"."amount") filter (where "t"."is_payment" and "t"."is_success")::numeric(38, 2) as "min_txn_amount",
    max("t"."amount") filter (where "t"."is_payment" and "t"."is_success")::numeric(38, 2) as "max_txn_amount",
    count(distinct "t"."payer_key") filter (where "t"."is_payment") as "unique_payers",
    count(distinct "t"."payee_key") filter (where "t"."is_payment") as "unique_payees",
    count(distinct "t"."payer_handle") filter (where "t"."is_payment") as "unique_handles"
  from (
    select
      *
    from "stg_upi_transactions"
    where "txn_date" = $1
  ) as "t"
  group by "t"."txn_date"
)
select
  "c"."txn_date",
  "c"."total_txns",
  "c"."total_amount",
  ("c"."success_txns"::numeric / nullif("c"."total_txns", 0))::numeric(7, 6) as "success_rate",
  "c"."success_txns",
  "c"."failed_txns",
  "c"."pending_txns",
  round("c"."total_amount" / nullif("c"."success_txns", 0), 2)::numeric(38, 2) as "avg_txn_amount",
  "c"."min_txn_amount",
  "c"."max_txn_amount",
  "c"."unique_payers",
  "c"."unique_payees",
  "c"."unique_handles"
from "counted" as "c";

-- $1 = 2026-02-01
select exists (
  select from "built_fact_upi_aggregates" as built
  where not (("txn_date" = $1)
    and ("txn_date" is not null)
    and ("total_txns" is not null)
    and ("total_txns" >= 0)
    and ("total_amount" is not null)
    and ("total_amount" >= 0)
    and ("success_rate" between 0 and 1)
    and ("success_txns" is not null)
    and ("success_txns" >= 0)
    and ("failed_txns" is not null)
    and ("failed_txns" >= 0)
    and ("pending_txns" is not null)
    and ("pending_txns" >= 0)
    and ("avg_txn_amount" >= 0)
    and ("min_txn_amount" >= 0)
    and ("max_txn_amount" >= 0)
    and ("unique_payers" is not null)
    and ("unique_payers" >= 0)
    and ("unique_payees" is not null)
    and ("unique_payees" >= 0)
    and ("unique_handles" is not null)
    and ("unique_handles" >= 0)
    and ("success_txns" + "failed_txns" + "pending_txns" <= "total_txns")
    and ("avg_txn_amount" between "min_txn_amount" and "max_txn_amount")
    and (greatest("unique_payers", "unique_payees") <= "total_txns"))
) as any_bad;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
with compared as (
  select b.*, m.held_at
  from "built_fact_upi_aggregates" as b
  full join (
    select ctid as held_at, * from "fact_upi_aggregates" where "txn_date" = $1
  ) as m on "b"."txn_date" = "m"."txn_date"
  where m.held_at is null or "b"."txn_date" is null or ("m"."total_txns", "m"."total_amount", "m"."success_rate", "m"."success_txns", "m"."failed_txns", "m"."pending_txns", "m"."avg_txn_amount", "m"."min_txn_amount", "m"."max_txn_amount", "m"."unique_payers", "m"."unique_payees", "m"."unique_handles") is distinct from ("b"."total_txns", "b"."total_amount", "b"."success_rate", "b"."success_txns", "b"."failed_txns", "b"."pending_txns", "b"."avg_txn_amount", "b"."min_txn_amount", "b"."max_txn_amount", "b"."unique_payers", "b"."unique_payees", "b"."unique_handles")
), written as (
  insert into "fact_upi_aggregates" as m ("txn_date", "total_txns", "total_amount", "success_rate", "success_txns", "failed_txns", "pending_txns", "avg_txn_amount", "min_txn_amount", "max_txn_amount", "unique_payers", "unique_payees", "unique_handles")
  select "txn_date", "total_txns", "total_amount", "success_rate", "success_txns", "failed_txns", "pending_txns", "avg_txn_amount", "min_txn_amount", "max_txn_amount", "unique_payers", "unique_payees", "unique_handles" from compared where "txn_date" is not null
  on conflict ("txn_date") do update set
    "total_txns" = "excluded"."total_txns",
    "total_amount" = "excluded"."total_amount",
    "success_rate" = "excluded"."success_rate",
    "success_txns" = "excluded"."success_txns",
    "failed_txns" = "excluded"."failed_txns",
    "pending_txns" = "excluded"."pending_txns",
    "avg_txn_amount" = "excluded"."avg_txn_amount",
    "min_txn_amount" = "excluded"."min_txn_amount",
    "max_txn_amount" = "excluded"."max_txn_amount",
    "unique_payers" = "excluded"."unique_payers",
    "unique_payees" = "excluded"."unique_payees",
    "unique_handles" = "excluded"."unique_handles"
  returning "old"."txn_date" is null as is_new
), vanished as (
  delete from "fact_upi_aggregates" as m
  where ctid = any (array(select held_at from compared where "txn_date" is null))
  returning m.*
)
select
  (select count(*) from "built_fact_upi_aggregates") as built,
  (select count(*) from "fact_upi_aggregates" where "txn_date" = $2) as held,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
select jsonb_build_object('here', to_jsonb(ours), 'there', to_jsonb(theirs)) as bad
from (select coalesce(sum("total_txns"), 0)::numeric as "total_txns", coalesce(sum("total_amount"), 0)::numeric as "total_amount" from "fact_upi_aggregates" where "txn_date" = $1) as ours,
  (select coalesce("total_txns", 0)::numeric as "total_txns", coalesce("total_amount", 0)::numeric as "total_amount" from ((select count(*) filter (where "c"."type" is distinct from 'REFUND') as "total_txns", coalesce(sum("c"."amount") filter (where "c"."type" is distinct from 'REFUND' and "c"."status" = 'SUCCESS'), 0)::numeric(38, 2) as "total_amount" from (select * from "clean_upi_transactions" where "business_date" = $2) as "c")) as totals) as theirs
where ("ours"."total_txns", "ours"."total_amount") is distinct from ("theirs"."total_txns", "theirs"."total_amount");
