import type { ClientBase } from 'pg'
import type { Reject } from '../../core/result.ts'
import { payloadOf, type RawRow } from './raw.ts'
import type { StreamPosition } from './stream-offsets.ts'

/** Writes dead letters: every reason, and the bytes as they came. */
export async function insertRejected(
  client: ClientBase,
  at: StreamPosition,
  rejected: readonly (RawRow & { readonly reasons: readonly Reject[] })[],
): Promise<void> {
  if (rejected.length === 0) return
  const rows = rejected.map(({ record, reasons }) => ({
    kafka_offset: record.offset,
    kafka_ms: record.timestampMs,
    reason_code: reasons[0]?.code,
    reasons: reasons.map((reason) => reason.code),
    detail: reasons.map((reason) => `${reason.code}: ${reason.detail}`).join('; '),
    ...payloadOf(record.value),
  }))
  await client.query(
    `insert into rejected_upi_transactions
       (epoch, topic, kafka_partition, kafka_offset, kafka_timestamp, reason_code, reasons, detail,
        payload, payload_bytes)
     select $2, $3, $4, kafka_offset, to_timestamp(kafka_ms / 1000.0), reason_code,
        array(select json_array_elements_text(reasons)), detail, payload, payload_bytes
       from json_to_recordset($1::json) as incoming
        (kafka_offset bigint, kafka_ms bigint, reason_code text, reasons json, detail text, payload text,
         payload_bytes bytea)`,
    [JSON.stringify(rows), at.epoch, at.topic, at.partition],
  )
}
