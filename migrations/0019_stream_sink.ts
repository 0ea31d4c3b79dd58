import { type Kysely, sql } from 'kysely'

/** The books also tell of rows that two messages brought together, and how late Kafka's own time has come. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // A log that has an older place for a newer time than was ever read is another log under the same name.
  await sql`alter table ops.stream_offsets add column max_kafka_time timestamptz`.execute(db)
  await sql`alter table ops.stream_batches
    add column absorbed integer not null default 0,
    add column pending integer not null default 0,
    drop constraint stream_batches_check1,
    add constraint stream_batches_accepted
      check (accepted = inserted + merged + duplicate + conflicting + pending)`.execute(db)
  await sql`comment on column ops.stream_batches.absorbed is
    'Rows of clean that a message met beside its own and that were merged into it: clean = inserted - absorbed.'`.execute(
    db,
  )
  await sql`comment on column ops.stream_batches.pending is
    'Messages of days that are archived: in raw, and merged when their day is restored.'`.execute(
    db,
  )
  await sql`create or replace view ops.stream_status as
    select consumer_group, topic, epoch, kafka_partition, next_offset, max_event_time, updated_at,
      max_kafka_time
    from ops.stream_offsets`.execute(db)
  await sql`create or replace view ops.stream_books as
    select committed_at, kind, topic, epoch, kafka_partition, raw_day, first_offset, next_offset,
      messages, accepted, rejected, inserted, merged, duplicate, conflicting, gaps, warnings,
      rules_version, absorbed, pending
    from ops.stream_batches`.execute(db)
  // Who seeks back over a gap reads what lies in it: then it is none, or a smaller one.
  await sql`grant update, delete on ops.stream_gaps to upi_ingest`.execute(db)
}
