import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../core/limits.ts'
import { utcDateOf } from '../core/time.ts'
import type { KafkaRecord } from './processor.ts'

/** Cuts what was fetched into batches: bounded in rows and bytes, and of one UTC day of Kafka's time, as the books are. */
export function* slices(records: readonly KafkaRecord[]): Generator<KafkaRecord[]> {
  let slice: KafkaRecord[] = []
  let bytes = 0
  for (const record of records) {
    const size = (record.key?.length ?? 0) + (record.value?.length ?? 0)
    const isFull = slice.length >= BATCH_ROWS_MAX || bytes + size > BATCH_BYTES_MAX
    if (slice.length > 0 && (isFull || dayOf([record]) !== dayOf(slice))) {
      yield slice
      slice = []
      bytes = 0
    }
    slice.push(record)
    bytes += size
  }
  if (slice.length > 0) yield slice
}

/** The UTC day of Kafka's time of a batch. */
export function dayOf([first]: readonly KafkaRecord[]): string {
  return utcDateOf((first as KafkaRecord).timestampMs)
}
