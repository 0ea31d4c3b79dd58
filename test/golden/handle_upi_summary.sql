create table "handle_upi_summary" (
  "date" date not null,
  "handle" text collate "C" not null,
  "side" text collate "C" not null,
  "txns" bigint not null,
  "approved" bigint not null,
  "td" bigint not null,
  "bd" bigint not null,
  "reversals" bigint not null,
  "approved_rate" numeric(7,6),
  "td_rate" numeric(7,6),
  "bd_rate" numeric(7,6),
  primary key ("date", "handle", "side")
);

grant select on "handle_upi_summary" to "upi_api", "upi_report";

comment on table "handle_upi_summary" is 'One row a business date, handle and side: how the payments went that its holders made or got. No refunds. [model e7cde3df0de14399]';

-- $1 = 2026-02-01
create temporary table "built_handle_upi_summary" on commit drop as
with "counted" as (
  select
    "t"."txn_date" as "date",
    case grouping("t"."payer_handle") when 0 then "t"."payer_handle" else "t"."payee_handle" end as "handle",
    case grouping("t"."payer_handle") when 0 then 'payer' else 'payee' end as "side",
    count(*) as "txns",
    count(*) filter (where "t"."is_success") as "approved",
    count(*) filter (where "t"."decline_class" = 'TD') as "td",
    count(*) filter (where "t"."decline_class" = 'BD') as "bd",
    count(*) filter (where "t"."is_reversed") as "reversals"
  from (
    select
      *
    from "stg_upi_transactions"
    where "txn_date" = $1
  ) as "t"
  where "t"."is_payment" = true
  group by grouping sets (("t"."txn_date", "t"."payer_handle"), ("t"."txn_date", "t"."payee_handle"))
)
select
  "c"."date",
  "c"."handle",
  "c"."side",
  "c"."txns",
  "c"."approved",
  "c"."td",
  "c"."bd",
  "c"."reversals",
  ("c"."approved"::numeric / nullif("c"."txns", 0))::numeric(7, 6) as "approved_rate",
  ("c"."td"::numeric / nullif("c"."txns", 0))::numeric(7, 6) as "td_rate",
  ("c"."bd"::numeric / nullif("c"."txns", 0))::numeric(7, 6) as "bd_rate"
from "counted" as "c";

-- $1 = 2026-02-01
select exists (
  select from "built_handle_upi_summary" as built
  where not (("date" = $1)
    and ("date" is not null)
    and ("handle" is not null)
    and ("side" is not null)
    and ("side" in ('payer', 'payee'))
    and ("txns" is not null)
    and ("txns" >= 0)
    and ("approved" is not null)
    and ("approved" >= 0)
    and ("td" is not null)
    and ("td" >= 0)
    and ("bd" is not null)
    and ("bd" >= 0)
    and ("reversals" is not null)
    and ("reversals" >= 0)
    and ("approved_rate" between 0 and 1)
    and ("td_rate" between 0 and 1)
    and ("bd_rate" between 0 and 1)
    and ("td" + "bd" <= "txns"))
) as any_bad;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
with compared as (
  select b.*, m.held_at
  from "built_handle_upi_summary" as b
  full join (
    select ctid as held_at, * from "handle_upi_summary" where "date" = $1
  ) as m on "b"."date" = "m"."date" and "b"."handle" = "m"."handle" and "b"."side" = "m"."side"
  where m.held_at is null or "b"."date" is null or ("m"."txns", "m"."approved", "m"."td", "m"."bd", "m"."reversals", "m"."approved_rate", "m"."td_rate", "m"."bd_rate") is distinct from ("b"."txns", "b"."approved", "b"."td", "b"."bd", "b"."reversals", "b"."approved_rate", "b"."td_rate", "b"."bd_rate")
), written as (
  insert into "handle_upi_summary" as m ("date", "handle", "side", "txns", "approved", "td", "bd", "reversals", "approved_rate", "td_rate", "bd_rate")
  select "date", "handle", "side", "txns", "approved", "td", "bd", "reversals", "approved_rate", "td_rate", "bd_rate" from compared where "date" is not null
  on conflict ("date", "handle", "side") do update set
    "txns" = "excluded"."txns",
    "approved" = "excluded"."approved",
    "td" = "excluded"."td",
    "bd" = "excluded"."bd",
    "reversals" = "excluded"."reversals",
    "approved_rate" = "excluded"."approved_rate",
    "td_rate" = "excluded"."td_rate",
    "bd_rate" = "excluded"."bd_rate"
  returning "old"."date" is null as is_new
), vanished as (
  delete from "handle_upi_summary" as m
  where ctid = any (array(select held_at from compared where "date" is null))
  returning m.*
)
select
  (select count(*) from "built_handle_upi_summary") as built,
  (select count(*) from "handle_upi_summary" where "date" = $2) as held,
  (select count(*) from written where is_new) as inserted,
  (select count(*) from written where not is_new) as updated,
  (select count(*) from vanished) as deleted;

-- $1 = 2026-02-01
-- $2 = 2026-02-01
select jsonb_build_object('here', to_jsonb(ours), 'there', to_jsonb(theirs)) as bad
from (select coalesce(sum("txns"), 0)::numeric as "txns", coalesce(sum("approved"), 0)::numeric as "approved", coalesce(sum("td"), 0)::numeric as "td", coalesce(sum("bd"), 0)::numeric as "bd", coalesce(sum("reversals"), 0)::numeric as "reversals" from "handle_upi_summary" where "date" = $1) as ours,
  (select coalesce("txns", 0)::numeric as "txns", coalesce("approved", 0)::numeric as "approved", coalesce("td", 0)::numeric as "td", coalesce("bd", 0)::numeric as "bd", coalesce("reversals", 0)::numeric as "reversals" from ((select sum("m"."total_txns") * 2 as "txns", sum("m"."success_txns") * 2 as "approved", sum("m"."td_txns") * 2 as "td", sum("m"."bd_txns") * 2 as "bd", sum("m"."reversed_txns") * 2 as "reversals" from (select * from "daily_upi_summary" where "date" = $2) as "m")) as totals) as theirs
where ("ours"."txns", "ours"."approved", "ours"."td", "ours"."bd", "ours"."reversals") is distinct from ("theirs"."txns", "theirs"."approved", "theirs"."td", "theirs"."bd", "theirs"."reversals");
