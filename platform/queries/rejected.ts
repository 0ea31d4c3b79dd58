import type { ClientBase } from 'pg'
import type { Reject } from '../../core/result.ts'
import { copyIn } from '../copy-in.ts'
import { CopyRows } from '../copy-rows.ts'
import { payloadOf, type RawRow } from './raw.ts'
import type { StreamPosition } from './stream-offsets.ts'

/** A message that was refused, and every reason why. */
export type RejectedRow = RawRow & { readonly reasons: readonly Reject[] }

const COLUMNS = [
  'kafka_timestamp',
  'kafka_offset',
  'epoch',
  'kafka_partition',
  'topic',
  'reason_code',
  'reasons',
  'detail',
  'payload',
  'payload_bytes',
]

// A row without its value.
const ROW_BYTES = 300

/** Dead letters, ready for COPY: every reason, and the bytes as they came. */
export function encodeRejected(
  at: Omit<StreamPosition, 'group'>,
  rejected: readonly RejectedRow[],
): Buffer {
  const size = rejected.reduce((sum, { record }) => sum + (record.value?.length ?? 0), 0)
  const rows = new CopyRows(size + ROW_BYTES * rejected.length)
  for (const { record, reasons } of rejected) {
    const { text, bytes } = payloadOf(record.value)
    rows.start(COLUMNS.length)
    rows.instant(1000 * record.timestampMs)
    rows.int64(Number(record.offset))
    rows.int32(at.epoch)
    rows.int32(at.partition)
    rows.text(at.topic)
    rows.text(reasons[0]?.code ?? 'INTERNAL')
    rows.texts(reasons.map(({ code }) => code))
    rows.text(reasons.map(({ code, detail }) => `${code}: ${detail}`).join('; '))
    rows.bytes(text)
    rows.bytes(bytes)
  }
  return rows.finish()
}

/** Writes dead letters. */
export async function copyRejected(client: ClientBase, rows: Buffer): Promise<void> {
  const columns = COLUMNS.join(', ')
  await copyIn(
    client,
    `copy rejected_upi_transactions (${columns}) from stdin (format binary)`,
    rows,
  )
}
