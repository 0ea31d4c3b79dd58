import { isUtf8 } from 'node:buffer'
import type { ClientBase } from 'pg'
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

/** Writes messages as received. Plain insert: the batch's offset fences them, so none can be there already. */
export async function insertRaw(
  client: ClientBase,
  at: StreamPosition,
  { accepted, rejected }: { accepted: readonly RawRow[]; rejected: readonly RawRow[] },
): Promise<void> {
  const rows = [...accepted, ...rejected].map(toJson)
  if (rows.length === 0) return
  await client.query(
    `insert into raw_upi_transactions
       (epoch, topic, kafka_partition, kafka_offset, kafka_timestamp, message_key,
        payload, payload_bytes, txn_id, business_date)
     select $2, $3, $4, kafka_offset, to_timestamp(kafka_ms / 1000.0), message_key,
        payload, payload_bytes, txn_id, business_date
       from json_to_recordset($1::json) as incoming
        (kafka_offset bigint, kafka_ms bigint, message_key text, payload text, payload_bytes bytea,
         txn_id text, business_date date)
      order by kafka_offset`,
    [JSON.stringify(rows), at.epoch, at.topic, at.partition],
  )
}

/** A value as two columns: text where the bytes are text that Postgres can hold, else the bytes. */
export function payloadOf(value: Buffer | null): {
  payload: string | null
  payload_bytes: string | null
} {
  if (value === null) return { payload: null, payload_bytes: null }
  if (isUtf8(value) && !value.includes(0)) return { payload: value.toString(), payload_bytes: null }
  return { payload: framedText(value), payload_bytes: `\\x${value.toString('hex')}` }
}

/** The JSON of a framed value, beside its bytes, so that people and SQL can read it. */
function framedText(value: Buffer): string | null {
  const body = value.subarray(5)
  const isJson = value[0] === 0 && body[0] === 0x7b && isUtf8(body) && !body.includes(0)
  return isJson ? body.toString() : null
}

function toJson({ record, payment }: RawRow): object {
  const { key } = record
  return {
    kafka_offset: record.offset,
    kafka_ms: record.timestampMs,
    message_key: key === null ? null : key.toString().replaceAll('\0', '\ufffd'),
    ...payloadOf(record.value),
    txn_id: payment?.txn_id ?? null,
    business_date: payment?.business_date ?? null,
  }
}
