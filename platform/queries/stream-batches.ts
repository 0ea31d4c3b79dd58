import type { ClientBase } from 'pg'
import type { StreamPosition } from './stream-offsets.ts'

/** What the sink did with a batch. accepted = inserted + merged + duplicate + conflicting. */
export interface BatchBooks {
  readonly messages: number
  readonly accepted: number
  readonly rejected: number
  readonly inserted: number
  readonly merged: number
  readonly duplicate: number
  readonly conflicting: number
  /** Offsets that hold no message: transaction markers, compacted records. */
  readonly gaps: number
  /** Optional fields that were malformed and became null. */
  readonly warnings: number
}

/** Writes the books of a batch; all its messages are of one UTC day of Kafka's time. */
export async function insertBatch(
  client: ClientBase,
  at: StreamPosition,
  batch: { from: bigint; next: bigint; rawDay: string; rulesVersion: string; books: BatchBooks },
): Promise<void> {
  const { books } = batch
  await client.query(
    `insert into ops.stream_batches
       (topic, epoch, kafka_partition, raw_day, first_offset, next_offset, rules_version,
        messages, accepted, rejected, inserted, merged, duplicate, conflicting, gaps, warnings)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      at.topic,
      at.epoch,
      at.partition,
      batch.rawDay,
      batch.from,
      batch.next,
      batch.rulesVersion,
      books.messages,
      books.accepted,
      books.rejected,
      books.inserted,
      books.merged,
      books.duplicate,
      books.conflicting,
      books.gaps,
      books.warnings,
    ],
  )
}

/** Notes what a rules version stands for, once. */
export async function noteRules(
  client: ClientBase,
  version: string,
  settings: object,
): Promise<void> {
  await client.query(
    `insert into ops.stream_rules (rules_version, settings) values ($1, $2)
     on conflict do nothing`,
    [version, JSON.stringify(settings)],
  )
}
