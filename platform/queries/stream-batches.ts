import type { ClientBase } from 'pg'
import type { StreamPosition } from './stream-offsets.ts'

/** What the sink did with a batch. accepted = inserted + merged + duplicate + conflicting + pending. */
export interface BatchBooks {
  readonly messages: number
  readonly accepted: number
  readonly rejected: number
  readonly inserted: number
  readonly merged: number
  readonly duplicate: number
  readonly conflicting: number
  /** Messages of archived days, to be merged when their day is restored. */
  readonly pending: number
  /** Rows of clean that a message met beside its own and that are merged into it. */
  readonly absorbed: number
  /** Offsets that hold no message: transaction markers, compacted records. */
  readonly gaps: number
  /** Optional fields that were malformed and became null. */
  readonly warnings: number
}

const COUNTS = [
  'messages',
  'accepted',
  'rejected',
  'inserted',
  'merged',
  'duplicate',
  'conflicting',
  'pending',
  'absorbed',
  'gaps',
  'warnings',
] as const satisfies readonly (keyof BatchBooks)[]

const INSERT = `
  insert into ops.stream_batches
    (topic, epoch, kafka_partition, raw_day, first_offset, next_offset, rules_version, kind,
     ${COUNTS.join(', ')})
  values ($1, $2, $3, $4, $5, $6, $7, $8, ${COUNTS.map((_, i) => `$${i + 9}`).join(', ')})`

/** A batch for the books; all its messages are of one UTC day of Kafka's time. */
interface BookedBatch {
  readonly from: bigint
  readonly next: bigint
  readonly rawDay: string
  readonly rulesVersion: string
  readonly books: BatchBooks
  /** What wrote it, if it is not the stream: then its counts are added to the stream's, and may be negative. */
  readonly kind?: 'replay' | 'rebuild'
}

/** Writes the books of a batch. */
export async function insertBatch(
  client: ClientBase,
  { topic, epoch, partition }: Omit<StreamPosition, 'group'>,
  batch: BookedBatch,
): Promise<void> {
  const { from, next, rawDay, rulesVersion, books, kind = 'stream' } = batch
  const counts = COUNTS.map((name) => books[name])
  const values = [topic, epoch, partition, rawDay, from, next, rulesVersion, kind, ...counts]
  await client.query({ name: 'insert batch', text: INSERT, values })
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

/** What the rules versions that were ever used stand for, the newest first. */
export async function readRules(client: ClientBase): Promise<object[]> {
  const { rows } = await client.query<{ settings: object }>(
    'select settings from ops.stream_rules order by first_used_at desc',
  )
  return rows.map(({ settings }) => settings)
}

/** What the stream has written lately. */
export interface Pace {
  readonly messages_last_minute: number
  readonly rejected_last_minute: number
}

/** Counts what was written in the last minute. */
export async function readPace(
  ask: <Row extends object>(sql: string) => Promise<Row[]>,
): Promise<Pace> {
  const [row] = await ask<Pace>(`
    select coalesce(sum(messages), 0)::integer as messages_last_minute,
           coalesce(sum(rejected), 0)::integer as rejected_last_minute
      from ops.stream_batches
     where kind = 'stream' and committed_at > now() - interval '1 minute'`)
  return row ?? { messages_last_minute: 0, rejected_last_minute: 0 }
}
