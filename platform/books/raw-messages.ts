import type { Payment } from '../../core/payment.ts'
import type { Result } from '../../core/result.ts'

/** A message of raw, as Kafka gave it. */
export interface RawMessage {
  readonly partition: number
  readonly offset: string
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** Runs messages through the stream's own processors again: an outcome for each, in order. */
export type ReadAgain = (messages: readonly RawMessage[]) => Promise<Result<Payment>[]>

/** What a query selects of raw, by RAW_COLUMNS. */
export interface RawRow {
  readonly topic: string
  readonly epoch: number
  readonly kafka_partition: number
  readonly kafka_offset: string
  readonly kafka_ms: string
  readonly message_key: string | null
  readonly payload: string | null
  readonly payload_bytes: Buffer | null
}

export const RAW_COLUMNS = `raw.topic, raw.epoch, raw.kafka_partition, raw.kafka_offset,
  (extract(epoch from raw.kafka_timestamp) * 1000)::bigint as kafka_ms,
  raw.message_key, raw.payload, raw.payload_bytes`

/** The message of a row: its bytes where they are kept, else its text. */
export function messageOf(row: RawRow): RawMessage {
  const { payload, payload_bytes: bytes, message_key: key } = row
  return {
    partition: row.kafka_partition,
    offset: row.kafka_offset,
    timestampMs: Number(row.kafka_ms),
    key: key === null ? null : Buffer.from(key),
    value: bytes ?? (payload === null ? null : Buffer.from(payload)),
  }
}

type Place = Pick<RawRow, 'topic' | 'epoch' | 'kafka_partition'>

/** Topic, epoch and partition of a row. */
export function placeOf({ topic, epoch, kafka_partition: partition }: Place): string {
  return `${topic}/${epoch}/${partition}`
}
