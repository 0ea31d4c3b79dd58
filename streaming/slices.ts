import type { UpiError } from '../core/errors.ts'
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../core/limits.ts'
import { utcDateOf } from '../core/time.ts'
import type { Portion } from '../platform/bytes-in-hand.ts'
import type { KafkaRecord } from './processor.ts'

/** A stretch of a partition's log as it was fetched. Offsets without a record are markers, or messages that were aborted. */
export interface Stretch {
  readonly from: bigint
  /** The offset after the last. */
  readonly next: bigint
  readonly records: readonly KafkaRecord[]
  /** The latest of Kafka's times in it, markers' too, in milliseconds. */
  readonly latestMs: number
  /** Why nothing can be read from its end on. */
  readonly unreadable?: UpiError
  /** What it takes of the worker's budget. */
  readonly portion?: Pick<Portion, 'take' | 'release'>
}

/** What one transaction writes: bounded in rows and bytes, and of one UTC day of Kafka's time, as the books are. */
export interface Slice extends Stretch {
  readonly rawDay: string
}

/** Cuts a stretch into slices that cover it without a gap; one that holds no record is a slice too. */
export function* slices({ from, next, records, latestMs }: Stretch): Generator<Slice> {
  let begin = from
  for (const [some, isLast] of runs(records)) {
    const end = isLast ? next : BigInt((some.at(-1) as KafkaRecord).offset) + 1n
    const ownMs = some.reduce((latest, { timestampMs }) => Math.max(latest, timestampMs), 0)
    yield {
      from: begin,
      next: end,
      records: some,
      latestMs: isLast ? latestMs : ownMs,
      rawDay: utcDateOf(some[0]?.timestampMs ?? latestMs),
    }
    begin = end
  }
}

/** What of a stretch lies before an offset. */
export function upTo(end: bigint | undefined, stretch: Stretch): Stretch {
  if (end === undefined || stretch.next <= end) return stretch
  const records = stretch.records.filter(({ offset }) => BigInt(offset) < end)
  return { ...stretch, next: end, records }
}

function* runs(records: readonly KafkaRecord[]): Generator<[KafkaRecord[], isLast: boolean]> {
  let run: KafkaRecord[] = []
  let bytes = 0
  for (const record of records) {
    const size = (record.key?.length ?? 0) + (record.value?.length ?? 0)
    const isFull = run.length >= BATCH_ROWS_MAX || bytes + size > BATCH_BYTES_MAX
    if (run.length > 0 && (isFull || !isSameDay(record, run[0] as KafkaRecord))) {
      yield [run, false]
      run = []
      bytes = 0
    }
    run.push(record)
    bytes += size
  }
  yield [run, true]
}

const DAY_MS = 86_400_000

function isSameDay(a: KafkaRecord, b: KafkaRecord): boolean {
  return Math.floor(a.timestampMs / DAY_MS) === Math.floor(b.timestampMs / DAY_MS)
}
