create table "decline_upi_summary" (
  "date" date not null,
  "response_code" text collate "C" not null,
  "class" text collate "C",
  "txns" bigint not null,
  primary key ("date", "response_code")
);

grant select on "decline_upi_summary" to "upi_api", "upi_report";

comment on table "decline_upi_summary" is 'One row a business date and response code of payments that failed, or whose code is of a class. No refunds. [model d6a5334a578ee265]';

-- $1 = 2026-02-01
create temporary table "built_decline_upi_summary" on commit drop as
select
  "t"."txn_date" as "date",
  coalesce("t"."response_code", '') as "response_code",
  max("t"."decline_class") as "class",
  count(*) as "txns"
from (
  select
    *
  from "stg_upi_transactions"
  where "txn_date" = $1
) as "t"
where "t"."is_payment" = true and ("t"."is_failed" or "t"."decline_class" is not null)
group by "t"."txn_date",
  coalesce("t"."response_code", '');

-- $1 = 2026-02-01
select exists (
  select from "built_decline_upi_summary" as built
  where not (("date" = $1)
    and ("date" is not null)
    and ("response_code" is not null)
    and ("class" in ('TD', 'BD'))
    and ("txns" is not null)
    and ("txns" >= 0)
    and ("class" is null or "response_code" <> ''))
) as any_bad;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
with compared as (
  select b.*, m.held_at
  from "built_decline_upi_summary" as b
  full join (
    select ctid as held_at, * from "decline_upi_summary" where "date" = $1
  ) as m on "b"."date" = "m"."date" and "b"."response_code" = "m"."response_code"
  where m.held_at is null or "b"."date" is null or ("m"."class", "m"."txns") is distinct from ("b"."class", "b"."txns")
), written as (
  insert into "decline_upi_summary" as m ("date", "response_code", "class", "txns")
  select "date", "response_code", "class", "txns" from compared where "date" is not null
  on conflict ("date", "response_code") do update set
    "class" = "excluded"."class",
    "txns" = "excluded"."txns"
  returning "old"."date" is null as is_new
), vanished as (
  delete from "decline_upi_summary" as m
  where ctid = any (array(select held_at from compared where "date" is null))
  returning m.*
)
select
  (select count(*) from "built_decline_upi_summary") as built,
  (select count(*) from "decline_upi_summary" where "date" = $2) as held,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
-- $3 = FAILED
-- $4 = EXPIRED
-- $5 = DECLINED
select jsonb_build_object('here', to_jsonb(ours), 'there', to_jsonb(theirs)) as bad
from (select coalesce(sum("txns"), 0)::numeric as "txns" from "decline_upi_summary" where "date" = $1) as ours,
  (select coalesce("txns", 0)::numeric as "txns" from ((select count(*) as "txns" from (select * from "clean_upi_transactions" where "business_date" = $2) as "c" where c.type is distinct from 'REFUND' and ("c"."decline_class" is not null or "c"."status" in ($3, $4, $5)))) as totals) as theirs
where ("ours"."txns") is distinct from ("theirs"."txns");
