import { type Kysely, sql } from 'kysely'

/** The stream makes the days of raw and clean itself, ahead and on demand, without owning them or waiting for readers. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create function ops.make_partition(parent text, day date) returns void
    language plpgsql set search_path = pg_catalog, pg_temp as ${sql.raw(MAKE_PARTITION)}`.execute(
    db,
  )
  await sql`create function ops.ensure_partitions(parent text, days date[])
    returns table (day date, outcome text)
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    -- Rather give up and be called again than have the stream queue behind a lock.
    set lock_timeout = '1s'
    as ${sql.raw(ENSURE_PARTITIONS)}`.execute(db)
  await sql`create function ops.ensure_partitions(parent text, first_day date, last_day date)
    returns table (day date, outcome text)
    language sql set search_path = pg_catalog, pg_temp
    begin atomic
      select p.day, p.outcome from ops.ensure_partitions(
        parent,
        array(select first_day + i from generate_series(0, last_day - first_day) as i)
      ) as p;
    end`.execute(db)
  await sql`comment on function ops.ensure_partitions(text, date[]) is
    'Makes what is missing of these days and says of each: made, there, or archived (it left for the lake; nothing is made). Call it outside of a batch''s transaction; 55P03 means try again.'`.execute(
    db,
  )
}

// PARTITION OF would wait for every reader of the parent and make new ones wait; ATTACH takes a lock that lets both
// read and write go on, and has nothing to scan in a new table. The check on event_time lets a query by time alone
// leave out the other days, and holds business_date to its meaning.
const MAKE_PARTITION = `$function$
declare
  child text := parent || to_char(day, '_YYYYMMDD');
  is_clean boolean := parent = 'clean_upi_transactions';
  ist_day text := format(
    'constraint event_time_day check (event_time >= %L and event_time < %L)',
    day || ' 00:00:00+05:30', day + 1 || ' 00:00:00+05:30'
  );
begin
  execute format(
    'create table partitions.%I (like public.%I including all %s)
     with (autovacuum_vacuum_insert_scale_factor = 0.05)',
    child, parent, case when is_clean then ', ' || ist_day end
  );
  execute format(
    'alter table public.%I attach partition partitions.%I for values from (%L) to (%L)',
    parent, child,
    case when is_clean then day::text else day || ' 00:00:00+00' end,
    case when is_clean then (day + 1)::text else day + 1 || ' 00:00:00+00' end
  );
end
$function$`

const ENSURE_PARTITIONS = `$function$
declare
  days_max constant integer := 500;
  known constant text[] := array['raw_upi_transactions', 'clean_upi_transactions'];
  child regclass;
begin
  if parent is null or parent <> all (known) then
    raise exception 'no partitions are made for %', coalesce(parent, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  if cardinality(days) > days_max then
    raise exception '% days asked for, % at most in one call', cardinality(days), days_max
      using errcode = 'invalid_parameter_value';
  end if;
  if exists (select from unnest(days) as d where d is null or d not between '1969-12-31' and '2199-12-31') then
    raise exception 'a day to make is null, or not within 1970 and 2199'
      using errcode = 'invalid_parameter_value';
  end if;
  -- Two sessions that lack the same day take turns, by the lock that attaching needs anyhow. Not by an advisory lock:
  -- whoever waits for one does not hear of what was made meanwhile, and would make it again.
  if exists (select from unnest(days) as d
             where to_regclass('partitions.' || parent || to_char(d, '_YYYYMMDD')) is null) then
    execute format('lock table only public.%I in share update exclusive mode', parent);
  end if;
  for day in select distinct d from unnest(days) as d order by d loop
    child := to_regclass('partitions.' || parent || to_char(day, '_YYYYMMDD'));
    if child is not null then
      outcome := case when pg_partition_root(child) is null then 'archived' else 'there' end;
    elsif parent = 'clean_upi_transactions' and exists (
      select from ops.days as d
      where d.business_date = ensure_partitions.day and d.archived_at is not null
    ) then
      outcome := 'archived';
    else
      perform ops.make_partition(parent, day);
      outcome := 'made';
    end if;
    return next;
  end loop;
end
$function$`
