import { type Kysely, sql } from 'kysely'

/** Payloads hold personal data: who may not read them may count them, or reveal one with a name and a reason on record. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createCounts(db)
  await createHistory(db)
  await createReveals(db)
}

async function createCounts(db: Kysely<unknown>): Promise<void> {
  await sql`create function ops.count_raw(first_day date, last_day date)
    returns table (raw_day date, topic text, epoch integer, kafka_partition integer,
      messages bigint, rejected bigint, first_offset bigint, last_offset bigint)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    begin atomic
      select (r.kafka_timestamp at time zone 'UTC')::date, r.topic, r.epoch, r.kafka_partition,
        count(*), count(*) filter (where r.txn_id is null), min(r.kafka_offset), max(r.kafka_offset)
      from public.raw_upi_transactions as r
      where r.kafka_timestamp >= first_day::timestamp at time zone 'UTC'
        and r.kafka_timestamp < (last_day + 1)::timestamp at time zone 'UTC'
      group by 1, 2, 3, 4;
    end`.execute(db)
  await sql`comment on function ops.count_raw(date, date) is
    'Messages in raw by UTC day, topic, epoch and partition: one side of the books.'`.execute(db)
}

async function createHistory(db: Kysely<unknown>): Promise<void> {
  // What is not JSON, or JSON that Postgres cannot hold, reports no status.
  await sql`create function ops.reported_status(payload text) returns text
    language plpgsql immutable strict set search_path = pg_catalog, pg_temp as ${sql.raw(`$function$
begin
  return payload::json ->> 'status';
exception when others then
  return null;
end
$function$`)}`.execute(db)
  await sql`create function ops.transaction_messages(wanted text)
    returns table (topic text, epoch integer, kafka_partition integer, kafka_offset bigint,
      kafka_timestamp timestamptz, received_at timestamptz, reported_status text)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    begin atomic
      select r.topic, r.epoch, r.kafka_partition, r.kafka_offset, r.kafka_timestamp, r.received_at,
        ops.reported_status(r.payload)
      from public.raw_upi_transactions as r
      where r.txn_id = wanted
      order by r.kafka_timestamp, r.kafka_partition, r.kafka_offset;
    end`.execute(db)
  await sql`comment on function ops.transaction_messages(text) is
    'The messages of one transaction as they came, without what they hold but for the status.'`.execute(
    db,
  )
}

async function createReveals(db: Kysely<unknown>): Promise<void> {
  await sql`create function ops.note_reveal(actor text, reason text, subject text) returns void
    language plpgsql set search_path = pg_catalog, pg_temp as ${sql.raw(`$function$
begin
  if coalesce(btrim(actor), '') = '' or coalesce(btrim(reason), '') = '' then
    raise exception 'to reveal a payload needs an actor and a reason'
      using errcode = 'invalid_parameter_value';
  end if;
  insert into ops.audit_log (actor, action, subject, reason)
  values (actor, 'reveal', subject, reason);
end
$function$`)}`.execute(db)
  await sql`create function ops.reveal_transaction(wanted text, actor text, reason text)
    returns setof public.raw_upi_transactions
    language plpgsql security definer set search_path = pg_catalog, pg_temp as ${sql.raw(`$function$
begin
  perform ops.note_reveal(actor, reason, 'transaction ' || wanted);
  return query select r.* from public.raw_upi_transactions as r where r.txn_id = wanted
    order by r.kafka_timestamp, r.kafka_partition, r.kafka_offset;
end
$function$`)}`.execute(db)
  await sql`create function ops.reveal_rejected(
      of_topic text, of_epoch integer, of_partition integer, of_offset bigint, actor text, reason text)
    returns setof public.rejected_upi_transactions
    language plpgsql security definer set search_path = pg_catalog, pg_temp as ${sql.raw(`$function$
begin
  perform ops.note_reveal(actor, reason,
    format('rejected %s/%s/%s/%s', of_topic, of_epoch, of_partition, of_offset));
  return query select r.* from public.rejected_upi_transactions as r
    where r.topic = of_topic and r.epoch = of_epoch
      and r.kafka_partition = of_partition and r.kafka_offset = of_offset;
end
$function$`)}`.execute(db)
}
