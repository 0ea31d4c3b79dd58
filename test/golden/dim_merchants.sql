create table "dim_merchants" (
  "merchant_id" text collate "C" not null,
  "first_transaction_date" date not null,
  "last_transaction_date" date not null,
  "active_days" integer not null,
  "total_transactions" bigint not null,
  "total_revenue" numeric(38,2) not null,
  "avg_transaction_amount" numeric(38,2),
  "successful_transactions" bigint not null,
  "success_rate" numeric(7,6),
  primary key ("merchant_id")
);

grant select on "dim_merchants" to "upi_api", "upi_report";

comment on table "dim_merchants" is 'One row a merchant, of all its days: merchant_upi_summary, which is kept for ever, summed. [model 51115ceefea1d39a]';

create temporary table "built_dim_merchants" on commit drop as
with "summed" as (
  select
    "m"."merchant" as "merchant_id",
    min("m"."date") as "first_transaction_date",
    max("m"."date") as "last_transaction_date",
    count(*)::integer as "active_days",
    sum("m"."total_txns")::bigint as "total_transactions",
    sum("m"."amount")::numeric(38, 2) as "total_revenue",
    sum("m"."success_txns")::bigint as "successful_transactions"
  from (
    select
      *
    from "merchant_upi_summary"
    where "merchant" in (
      select
        key
      from "keys_dim_merchants"
    )
  ) as "m"
  group by "m"."merchant"
)
select
  "s"."merchant_id",
  "s"."first_transaction_date",
  "s"."last_transaction_date",
  "s"."active_days",
  "s"."total_transactions",
  "s"."total_revenue",
  round("s"."total_revenue" / nullif("s"."successful_transactions", 0), 2)::numeric(38, 2) as "avg_transaction_amount",
  "s"."successful_transactions",
  ("s"."successful_transactions"::numeric / nullif("s"."total_transactions", 0))::numeric(7, 6) as "success_rate"
from "summed" as "s";

select exists (
  select from "built_dim_merchants" as built
  where not (("merchant_id" in (select key from "keys_dim_merchants"))
    and ("merchant_id" is not null)
    and ("first_transaction_date" is not null)
    and ("last_transaction_date" is not null)
    and ("active_days" is not null)
    and ("active_days" >= 1)
    and ("total_transactions" is not null)
    and ("total_transactions" >= 0)
    and ("total_revenue" is not null)
    and ("total_revenue" >= 0)
    and ("avg_transaction_amount" >= 0)
    and ("successful_transactions" is not null)
    and ("successful_transactions" >= 0)
    and ("success_rate" between 0 and 1)
    and ("active_days" <= "last_transaction_date" - "first_transaction_date" + 1)
    and ("successful_transactions" <= "total_transactions"))
) as any_bad;

with compared as (
  select b.*, m.held_at
  from "built_dim_merchants" as b
  full join (
    select ctid as held_at, * from "dim_merchants" where "merchant_id" in (select key from "keys_dim_merchants")
  ) as m on "b"."merchant_id" = "m"."merchant_id"
  where m.held_at is null or "b"."merchant_id" is null or ("m"."first_transaction_date", "m"."last_transaction_date", "m"."active_days", "m"."total_transactions", "m"."total_revenue", "m"."avg_transaction_amount", "m"."successful_transactions", "m"."success_rate") is distinct from ("b"."first_transaction_date", "b"."last_transaction_date", "b"."active_days", "b"."total_transactions", "b"."total_revenue", "b"."avg_transaction_amount", "b"."successful_transactions", "b"."success_rate")
), written as (
  insert into "dim_merchants" as m ("merchant_id", "first_transaction_date", "last_transaction_date", "active_days", "total_transactions", "total_revenue", "avg_transaction_amount", "successful_transactions", "success_rate")
  select "merchant_id", "first_transaction_date", "last_transaction_date", "active_days", "total_transactions", "total_revenue", "avg_transaction_amount", "successful_transactions", "success_rate" from compared where "merchant_id" is not null
  on conflict ("merchant_id") do update set
    "first_transaction_date" = "excluded"."first_transaction_date",
    "last_transaction_date" = "excluded"."last_transaction_date",
    "active_days" = "excluded"."active_days",
    "total_transactions" = "excluded"."total_transactions",
    "total_revenue" = "excluded"."total_revenue",
    "avg_transaction_amount" = "excluded"."avg_transaction_amount",
    "successful_transactions" = "excluded"."successful_transactions",
    "success_rate" = "excluded"."success_rate"
  returning "old"."merchant_id" is null as is_new
), vanished as (
  delete from "dim_merchants" as m
  where ctid = any (array(select held_at from compared where "merchant_id" is null))
  returning m.*
)
select
  (select count(*) from "built_dim_merchants") as built,
  (select count(*) from "dim_merchants" where "merchant_id" in (select key from "keys_dim_merchants")) as held,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted;

select jsonb_build_object('here', to_jsonb(ours), 'there', to_jsonb(theirs)) as bad
from (select coalesce(sum("total_transactions"), 0)::numeric as "total_transactions", coalesce(sum("successful_transactions"), 0)::numeric as "successful_transactions", coalesce(sum("total_revenue"), 0)::numeric as "total_revenue" from "dim_merchants" where "merchant_id" in (select key from "keys_dim_merchants")) as ours,
  (select coalesce("total_transactions", 0)::numeric as "total_transactions", coalesce("successful_transactions", 0)::numeric as "successful_transactions", coalesce("total_revenue", 0)::numeric as "total_revenue" from ((select sum("m"."total_txns") * 1 as "total_transactions", sum("m"."success_txns") * 1 as "successful_transactions", sum("m"."amount") * 1 as "total_revenue" from (select * from "merchant_upi_summary" where "merchant" in (select key from "keys_dim_merchants")) as "m")) as totals) as theirs
where ("ours"."total_transactions", "ours"."successful_transactions", "ours"."total_revenue") is distinct from ("theirs"."total_transactions", "theirs"."successful_transactions", "theirs"."total_revenue");
