import { UpiError } from '../core/errors.ts'
import { lagOf } from '../platform/topic-log.ts'

/** Where a partition's log began and ended at one moment; text, since offsets are bigger than JSON's numbers are exact. */
interface LogSpan {
  readonly start: string
  readonly end: string
}

/** The spans of a topic's partitions, by partition. */
type LogSpans = Readonly<Record<string, LogSpan>>

export interface StreamDeps {
  readonly readLog: () => Promise<LogSpans>
  /** The stream's stored offsets, by partition; none for a partition that was never read. */
  readonly readOffsets: () => Promise<ReadonlyMap<string, bigint>>
}

/** How far the stream is behind: messages by partition, those only that lag. */
export interface StreamLag {
  readonly spans: LogSpans
  readonly behind: Readonly<Record<string, number>>
}

/** What workflows ask of the stream. */
export function createStreamActivities({ readLog, readOffsets }: StreamDeps) {
  return {
    /** How many messages of these spans, by default of what Kafka holds now, the stream has yet to write. */
    async measureLag({ spans }: { spans?: LogSpans }): Promise<StreamLag> {
      // Before the log: what is stored beyond its end then is of another log.
      const offsets = await readOffsets()
      const wanted = spans ?? (await readLog())
      if (spans === undefined) refuseLost(wanted, offsets)
      const lags = Object.entries(wanted).map(([partition, { start, end }]): [string, number] => [
        partition,
        lagOf({ start: BigInt(start), end: BigInt(end) }, offsets.get(partition)),
      ])
      return { spans: wanted, behind: Object.fromEntries(lags.filter(([, lag]) => lag > 0)) }
    },
  }
}

// To such a partition nothing seems to be left to write, and the day would be closed without what its log holds.
function refuseLost(spans: LogSpans, offsets: ReadonlyMap<string, bigint>): void {
  for (const [partition, stored] of offsets) {
    const end = BigInt(spans[partition]?.end ?? 0)
    if (stored <= end) continue
    throw new UpiError(
      'OFFSET_LOST',
      `partition ${partition} ends at ${end} but ${stored} was stored: it is another log`,
      { fix: './upi offsets list tells what to do' },
    )
  }
}
