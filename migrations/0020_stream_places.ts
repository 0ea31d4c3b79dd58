import { type Kysely, sql } from 'kysely'

/** Placing a partition asks what is written beyond an offset, of one epoch among all that the books ever knew. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index stream_batches_place on ops.stream_batches
    (topic, epoch, kafka_partition, first_offset) where kind = 'stream'`.execute(db)
}
