create table "settlement_upi_summary" (
  "settlement_date" date not null,
  "cycle" smallint not null,
  "txns" bigint not null,
  "amount" numeric(38,2) not null,
  primary key ("settlement_date", "cycle")
);

grant select on "settlement_upi_summary" to "upi_api", "upi_report";

comment on table "settlement_upi_summary" is 'One row a settlement date and cycle: payments that succeeded, by when they were initiated. No refunds. [model 12b739880f92306e]';

-- $1 = 2026-02-01
create temporary table "built_settlement_upi_summary" on commit drop as
with "placed" as (
  select
    "t"."txn_date",
    "t"."amount",
    width_bucket(("t"."event_time" at time zone interval '05:30')::time, array['00:00', '05:00', '07:00', '09:00', '11:00', '13:00', '15:00', '17:00', '19:00', '21:00']::time[]) as "nth"
  from (
    select
      *
    from "stg_upi_transactions"
    where "txn_date" = $1
  ) as "t"
  where "t"."is_payment" = true and "t"."is_success" = true
)
select
  "p"."txn_date" + ("p"."nth" = 10)::integer as "settlement_date",
  ("p"."nth" % 10 + 1)::smallint as "cycle",
  count(*) as "txns",
  sum("p"."amount")::numeric(38, 2) as "amount"
from "placed" as "p"
group by "p"."txn_date",
  "p"."nth";

-- $1 = 2026-02-01
select exists (
  select from "built_settlement_upi_summary" as built
  where not ((("settlement_date" - ("cycle" = 1)::integer) = $1)
    and ("settlement_date" is not null)
    and ("cycle" is not null)
    and ("cycle" between 1 and 10)
    and ("txns" is not null)
    and ("txns" >= 0)
    and ("amount" is not null)
    and ("amount" >= 0))
) as any_bad;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
with compared as (
  select b.*, m.held_at
  from "built_settlement_upi_summary" as b
  full join (
    select ctid as held_at, * from "settlement_upi_summary" where ("settlement_date" - ("cycle" = 1)::integer) = $1
  ) as m on "b"."settlement_date" = "m"."settlement_date" and "b"."cycle" = "m"."cycle"
  where m.held_at is null or "b"."settlement_date" is null or ("m"."txns", "m"."amount") is distinct from ("b"."txns", "b"."amount")
), written as (
  insert into "settlement_upi_summary" as m ("settlement_date", "cycle", "txns", "amount")
  select "settlement_date", "cycle", "txns", "amount" from compared where "settlement_date" is not null
  on conflict ("settlement_date", "cycle") do update set
    "txns" = "excluded"."txns",
    "amount" = "excluded"."amount"
  returning "old"."settlement_date" is null as is_new
), vanished as (
  delete from "settlement_upi_summary" as m
  where ctid = any (array(select held_at from compared where "settlement_date" is null))
  returning m.*
)
select
  (select count(*) from "built_settlement_upi_summary") as built,
  (select count(*) from "settlement_upi_summary" where ("settlement_date" - ("cycle" = 1)::integer) = $2) as held,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
select jsonb_build_object('here', to_jsonb(ours), 'there', to_jsonb(theirs)) as bad
from (select coalesce(sum("txns"), 0)::numeric as "txns", coalesce(sum("amount"), 0)::numeric as "amount" from "settlement_upi_summary" where ("settlement_date" - ("cycle" = 1)::integer) = $1) as ours,
  (select coalesce("txns", 0)::numeric as "txns", coalesce("amount", 0)::numeric as "amount" from ((select sum("m"."success_txns") * 1 as "txns", sum("m"."total_amount") * 1 as "amount" from (select * from "daily_upi_summary" where "date" = $2) as "m")) as totals) as theirs
where ("ours"."txns", "ours"."amount") is distinct from ("theirs"."txns", "theirs"."amount");
