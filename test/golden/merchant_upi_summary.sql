create table "merchant_upi_summary" (
  "merchant" text collate "C" not null,
  "date" date not null,
  "total_txns" bigint not null,
  "success_txns" bigint not null,
  "failed_txns" bigint not null,
  "pending_txns" bigint not null,
  "amount" numeric(38,2) not null,
  "attempted_amount" numeric(38,2) not null,
  "refund_amount" numeric(38,2) not null,
  "net_amount" numeric(38,2) not null,
  "unique_payers" bigint not null,
  "avg_ticket" numeric(38,2),
  "success_rate" numeric(7,6),
  primary key ("merchant", "date")
);

create index on "merchant_upi_summary" ("date");

alter table "merchant_upi_summary" add column if not exists "changed_xid" bigint not null
  default pg_current_xact_id()::text::bigint;

create index if not exists "merchant_upi_summary_changed_xid" on "merchant_upi_summary" using brin ("changed_xid")
  with (autosummarize = on);

grant select on "merchant_upi_summary" to "upi_api", "upi_report";

comment on table "merchant_upi_summary" is 'One row a merchant and business date with payments to it or refunds by it; with refunds only, of 0 payments. [model fc58aa4792ffeacc]';

-- $1 = 2026-02-01
create temporary table "built_merchant_upi_summary" on commit drop as
with "counted" as (
  select
    "t"."txn_date" as "date",
    "t"."merchant" as "merchant",
    count(*) filter (where "t"."is_payment") as "total_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_success") as "success_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_failed") as "failed_txns",
    count(*) filter (where "t"."is_payment" and "t"."is_pending") as "pending_txns",
    coalesce(sum("t"."amount") filter (where "t"."is_payment" and "t"."is_success"), 0)::numeric(38, 2) as "amount",
    coalesce(sum("t"."amount") filter (where "t"."is_payment"), 0)::numeric(38, 2) as "attempted_amount",
    coalesce(sum("t"."amount") filter (where not "t"."is_payment" and "t"."is_success"), 0)::numeric(38, 2) as "refund_amount",
    count(distinct "t"."payer_key") filter (where "t"."is_payment") as "unique_payers"
  from (
    select
      *
    from "stg_upi_transactions"
    where "txn_date" = $1
  ) as "t"
  where "t"."merchant" is not null
  group by "t"."merchant",
    "t"."txn_date"
)
select
  "c"."merchant",
  "c"."date",
  "c"."total_txns",
  "c"."success_txns",
  "c"."failed_txns",
  "c"."pending_txns",
  "c"."amount",
  "c"."attempted_amount",
  "c"."refund_amount",
  ("c"."amount" - "c"."refund_amount")::numeric(38, 2) as "net_amount",
  "c"."unique_payers",
  round("c"."amount" / nullif("c"."success_txns", 0), 2)::numeric(38, 2) as "avg_ticket",
  ("c"."success_txns"::numeric / nullif("c"."total_txns", 0))::numeric(7, 6) as "success_rate"
from "counted" as "c";

-- $1 = 2026-02-01
select exists (
  select from "built_merchant_upi_summary" as built
  where not (("date" = $1)
    and ("merchant" is not null)
    and ("date" is not null)
    and ("total_txns" is not null)
    and ("total_txns" >= 0)
    and ("success_txns" is not null)
    and ("success_txns" >= 0)
    and ("failed_txns" is not null)
    and ("failed_txns" >= 0)
    and ("pending_txns" is not null)
    and ("pending_txns" >= 0)
    and ("amount" is not null)
    and ("amount" >= 0)
    and ("attempted_amount" is not null)
    and ("attempted_amount" >= 0)
    and ("refund_amount" is not null)
    and ("refund_amount" >= 0)
    and ("net_amount" is not null)
    and ("unique_payers" is not null)
    and ("unique_payers" >= 0)
    and ("avg_ticket" >= 0)
    and ("success_rate" between 0 and 1)
    and ("success_txns" + "failed_txns" + "pending_txns" <= "total_txns")
    and ("unique_payers" <= "total_txns"))
) as any_bad;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
with compared as (
  select b.*, m.held_at
  from "built_merchant_upi_summary" as b
  full join (
    select ctid as held_at, * from "merchant_upi_summary" where "date" = $1
  ) as m on "b"."merchant" = "m"."merchant" and "b"."date" = "m"."date"
  where m.held_at is null or "b"."merchant" is null or ("m"."total_txns", "m"."success_txns", "m"."failed_txns", "m"."pending_txns", "m"."amount", "m"."attempted_amount", "m"."refund_amount", "m"."net_amount", "m"."unique_payers", "m"."avg_ticket", "m"."success_rate") is distinct from ("b"."total_txns", "b"."success_txns", "b"."failed_txns", "b"."pending_txns", "b"."amount", "b"."attempted_amount", "b"."refund_amount", "b"."net_amount", "b"."unique_payers", "b"."avg_ticket", "b"."success_rate")
), written as (
  insert into "merchant_upi_summary" as m ("merchant", "date", "total_txns", "success_txns", "failed_txns", "pending_txns", "amount", "attempted_amount", "refund_amount", "net_amount", "unique_payers", "avg_ticket", "success_rate")
  select "merchant", "date", "total_txns", "success_txns", "failed_txns", "pending_txns", "amount", "attempted_amount", "refund_amount", "net_amount", "unique_payers", "avg_ticket", "success_rate" from compared where "merchant" is not null
  on conflict ("merchant", "date") do update set
    "total_txns" = "excluded"."total_txns",
    "success_txns" = "excluded"."success_txns",
    "failed_txns" = "excluded"."failed_txns",
    "pending_txns" = "excluded"."pending_txns",
    "amount" = "excluded"."amount",
    "attempted_amount" = "excluded"."attempted_amount",
    "refund_amount" = "excluded"."refund_amount",
    "net_amount" = "excluded"."net_amount",
    "unique_payers" = "excluded"."unique_payers",
    "avg_ticket" = "excluded"."avg_ticket",
    "success_rate" = "excluded"."success_rate",
    "changed_xid" = "excluded"."changed_xid"
  returning "old"."merchant" is null as is_new
), vanished as (
  delete from "merchant_upi_summary" as m
  where ctid = any (array(select held_at from compared where "merchant" is null))
  returning m.*
), "marked0" as (
  insert into ops.dirty_keys (model, merchant, reason)
  select 'dim_merchants', "merchant"::text, 'vanished' from vanished
)
select
  (select count(*) from "built_merchant_upi_summary") as built,
  (select count(*) from "merchant_upi_summary" where "date" = $2) as held,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
select jsonb_build_object('here', to_jsonb(ours), 'there', to_jsonb(theirs)) as bad
from (select coalesce(sum("refund_amount"), 0)::numeric as "refund_amount" from "merchant_upi_summary" where "date" = $1) as ours,
  (select coalesce("refund_amount", 0)::numeric as "refund_amount" from ((select sum("m"."refund_amount") * 1 as "refund_amount" from (select * from "daily_upi_summary" where "date" = $2) as "m")) as totals) as theirs
where ("ours"."refund_amount") is distinct from ("theirs"."refund_amount");

-- $1 = 2026-02-01
-- $2 = 2026-02-01
select jsonb_build_object('here', to_jsonb(ours), 'there', to_jsonb(theirs)) as bad
from (select coalesce(sum("total_txns"), 0)::numeric as "total_txns", coalesce(sum("attempted_amount"), 0)::numeric as "attempted_amount" from "merchant_upi_summary" where "date" = $1) as ours,
  (select coalesce("total_txns", 0)::numeric as "total_txns", coalesce("attempted_amount", 0)::numeric as "attempted_amount" from ((select count(*) as "total_txns", sum("c"."amount") as "attempted_amount" from (select * from "clean_upi_transactions" where "business_date" = $2) as "c" where c.type is distinct from 'REFUND' and c.payee not like '%*%')) as totals) as theirs
where ("ours"."total_txns", "ours"."attempted_amount") is distinct from ("theirs"."total_txns", "theirs"."attempted_amount");
