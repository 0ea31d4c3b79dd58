create table "category_upi_summary" (
  "date" date not null,
  "mcc" text collate "C" not null,
  "type" text collate "C" not null,
  "channel" text collate "C" not null,
  "total_txns" bigint not null,
  "success_txns" bigint not null,
  "failed_txns" bigint not null,
  "pending_txns" bigint not null,
  "reversed_txns" bigint not null,
  "amount" numeric(38,2) not null,
  primary key ("date", "mcc", "type", "channel")
);

grant select on "category_upi_summary" to "upi_api", "upi_report";

comment on table "category_upi_summary" is 'One row a business date and kind of payment: what was bought, between whom and how it was begun. No refunds. [model 48072ef7abf903d7]';

-- $1 = 2026-02-01
create temporary table "built_category_upi_summary" on commit drop as
select
  "t"."txn_date" as "date",
  coalesce("t"."mcc", '') as "mcc",
  coalesce("t"."type", '') as "type",
  coalesce("t"."channel", '') as "channel",
  count(*) as "total_txns",
  count(*) filter (where "t"."is_success") as "success_txns",
  count(*) filter (where "t"."is_failed") as "failed_txns",
  count(*) filter (where "t"."is_pending") as "pending_txns",
  count(*) filter (where "t"."is_reversed") as "reversed_txns",
  coalesce(sum("t"."amount") filter (where "t"."is_success"), 0)::numeric(38, 2) as "amount"
from (
  select
    *
  from "stg_upi_transactions"
  where "txn_date" = $1
) as "t"
where "t"."is_payment" = true
group by "t"."txn_date",
  coalesce("t"."mcc", ''),
  coalesce("t"."type", ''),
  coalesce("t"."channel", '');

-- $1 = 2026-02-01
select exists (
  select from "built_category_upi_summary" as built
  where not (("date" = $1)
    and ("date" is not null)
    and ("mcc" is not null)
    and ("type" is not null)
    and ("type" in ('P2P', 'P2M', ''))
    and ("channel" is not null)
    and ("channel" in ('QR', 'INTENT', 'COLLECT', 'MANDATE', 'OTHER', ''))
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
    and ("amount" is not null)
    and ("amount" >= 0)
    and ("total_txns" = "success_txns" + "failed_txns"
      + "pending_txns" + "reversed_txns"))
) as any_bad;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
with compared as (
  select b.*, m.held_at
  from "built_category_upi_summary" as b
  full join (
    select ctid as held_at, * from "category_upi_summary" where "date" = $1
  ) as m on "b"."date" = "m"."date" and "b"."mcc" = "m"."mcc" and "b"."type" = "m"."type" and "b"."channel" = "m"."channel"
  where m.held_at is null or "b"."date" is null or ("m"."total_txns", "m"."success_txns", "m"."failed_txns", "m"."pending_txns", "m"."reversed_txns", "m"."amount") is distinct from ("b"."total_txns", "b"."success_txns", "b"."failed_txns", "b"."pending_txns", "b"."reversed_txns", "b"."amount")
), written as (
  insert into "category_upi_summary" as m ("date", "mcc", "type", "channel", "total_txns", "success_txns", "failed_txns", "pending_txns", "reversed_txns", "amount")
  select "date", "mcc", "type", "channel", "total_txns", "success_txns", "failed_txns", "pending_txns", "reversed_txns", "amount" from compared where "date" is not null
  on conflict ("date", "mcc", "type", "channel") do update set
    "total_txns" = "excluded"."total_txns",
    "success_txns" = "excluded"."success_txns",
    "failed_txns" = "excluded"."failed_txns",
    "pending_txns" = "excluded"."pending_txns",
    "reversed_txns" = "excluded"."reversed_txns",
    "amount" = "excluded"."amount"
  returning "old"."date" is null as is_new
), vanished as (
  delete from "category_upi_summary" as m
  where ctid = any (array(select held_at from compared where "date" is null))
  returning m.*
)
select
  (select count(*) from "built_category_upi_summary") as built,
  (select count(*) from "category_upi_summary" where "date" = $2) as held,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
select jsonb_build_object('here', to_jsonb(ours), 'there', to_jsonb(theirs)) as bad
from (select coalesce(sum("total_txns"), 0)::numeric as "total_txns", coalesce(sum("success_txns"), 0)::numeric as "success_txns", coalesce(sum("failed_txns"), 0)::numeric as "failed_txns", coalesce(sum("pending_txns"), 0)::numeric as "pending_txns", coalesce(sum("reversed_txns"), 0)::numeric as "reversed_txns", coalesce(sum("amount"), 0)::numeric as "amount" from "category_upi_summary" where "date" = $1) as ours,
  (select coalesce("total_txns", 0)::numeric as "total_txns", coalesce("success_txns", 0)::numeric as "success_txns", coalesce("failed_txns", 0)::numeric as "failed_txns", coalesce("pending_txns", 0)::numeric as "pending_txns", coalesce("reversed_txns", 0)::numeric as "reversed_txns", coalesce("amount", 0)::numeric as "amount" from ((select sum("m"."total_txns") * 1 as "total_txns", sum("m"."success_txns") * 1 as "success_txns", sum("m"."failed_txns") * 1 as "failed_txns", sum("m"."pending_txns") * 1 as "pending_txns", sum("m"."reversed_txns") * 1 as "reversed_txns", sum("m"."total_amount") * 1 as "amount" from (select * from "daily_upi_summary" where "date" = $2) as "m")) as totals) as theirs
where ("ours"."total_txns", "ours"."success_txns", "ours"."failed_txns", "ours"."pending_txns", "ours"."reversed_txns", "ours"."amount") is distinct from ("theirs"."total_txns", "theirs"."success_txns", "theirs"."failed_txns", "theirs"."pending_txns", "theirs"."reversed_txns", "theirs"."amount");
