import { type Kysely, sql } from 'kysely'

/** What dashboards may know of the platform's own state: books and ledger without anybody's payment. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create view ops.stream_status as
    select consumer_group, topic, epoch, kafka_partition, next_offset, max_event_time, updated_at
    from ops.stream_offsets`.execute(db)
  await sql`create view ops.stream_books as
    select committed_at, kind, topic, epoch, kafka_partition, raw_day, first_offset, next_offset,
      messages, accepted, rejected, inserted, merged, duplicate, conflicting, gaps, warnings,
      rules_version
    from ops.stream_batches`.execute(db)
  await sql`create view ops.rejected_messages as
    select rejected_at, topic, epoch, kafka_partition, kafka_offset, kafka_timestamp, reason_code,
      reasons, detail, relayed_at, resolution, resolved_at
    from public.rejected_upi_transactions`.execute(db)
  await sql`create view ops.model_builds as
    select run_id, model, business_date, state, fingerprint, rows_inserted, rows_updated,
      rows_deleted, rows_unchanged, seconds, error, finished_at
    from ops.model_runs`.execute(db)
  await sql`create view ops.dirty_models as
    select model, count(*) as marks, count(distinct business_date) as days,
      min(marked_at) as oldest_mark
    from ops.dirty_keys
    group by model`.execute(db)
}
