import type { ClientBase } from 'pg'
import { copyIn } from '../copy-in.ts'
import { CopyRows, isText } from '../copy-rows.ts'
import type { StreamPosition } from './stream-offsets.ts'

/** A message as Kafka gave it and, if it was accepted, the transaction and day that it speaks of. */
export interface RawRow {
  readonly record: {
    readonly offset: string
    readonly timestampMs: number
    readonly key: Buffer | null
    readonly value: Buffer | null
  }
  readonly payment?: { readonly txn_id: string; readonly business_date: string }
}

const COLUMNS = [
  'kafka_timestamp',
  'kafka_offset',
  'epoch',
  'kafka_partition',
  'business_date',
  'topic',
  'message_key',
  'txn_id',
  'payload',
  'payload_bytes',
]

// A row without its key and value.
const ROW_BYTES = 200

/** Messages as received, ready for COPY. */
export function encodeRaw(at: Omit<StreamPosition, 'group'>, messages: readonly RawRow[]): Buffer {
  const size = messages.reduce((sum, { record }) => sum + (record.value?.length ?? 0), 0)
  const rows = new CopyRows(size + ROW_BYTES * messages.length)
  const topic = Buffer.from(at.topic)
  for (const { record, payment } of messages) {
    rows.start(COLUMNS.length)
    rows.instant(1000 * record.timestampMs)
    rows.int64(Number(record.offset))
    rows.int32(at.epoch)
    rows.int32(at.partition)
    rows.date(payment?.business_date ?? null)
    rows.bytes(topic)
    writeKey(rows, record.key)
    rows.text(payment?.txn_id ?? null)
    const { text, bytes } = payloadOf(record.value)
    rows.bytes(text)
    rows.bytes(bytes)
  }
  return rows.finish()
}

/** Writes messages. Plain COPY: the batch's offset fences them, so none can be there already. */
export async function copyRaw(client: ClientBase, rows: Buffer): Promise<void> {
  await copyIn(
    client,
    `copy raw_upi_transactions (${COLUMNS.join(', ')}) from stdin (format binary)`,
    rows,
  )
}

/** In SQL: the key of a dead letter's message. Asked of raw row by row, for a join may be planned over all of its days. */
export function keyOfLetter(letter: string): string {
  return `(select message_key from raw_upi_transactions as raw
            where raw.kafka_partition = ${letter}.kafka_partition
              and raw.kafka_offset = ${letter}.kafka_offset
              and raw.kafka_timestamp = ${letter}.kafka_timestamp
              and raw.topic = ${letter}.topic
              and raw.epoch = ${letter}.epoch)`
}

/** A value as two columns: text where the bytes are text that Postgres can hold, else the bytes. */
export function payloadOf(value: Buffer | null): { text: Buffer | null; bytes: Buffer | null } {
  if (value === null || isText(value)) return { text: value, bytes: null }
  return { text: framedText(value), bytes: value }
}

/** The JSON of a framed value, beside its bytes, so that people and SQL can read it. */
function framedText(value: Buffer): Buffer | null {
  const body = value.subarray(5)
  return value[0] === 0 && body[0] === 0x7b && isText(body) ? body : null
}

function writeKey(rows: CopyRows, key: Buffer | null): void {
  if (key === null || isText(key)) rows.bytes(key)
  else rows.text(key.toString().replaceAll('\0', '\ufffd'))
}
