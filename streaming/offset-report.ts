import type { Logger } from '../platform/telemetry.ts'

/** Each report is a round trip on the connection that also fetches. */
const REPORT_EVERY_MS = 1_000

/**
 * Tells Kafka how far the stream has got, now and then. Best effort: nothing starts from these offsets, they only show
 * the lag to tools that know Kafka alone.
 */
export class OffsetReport {
  readonly #commit: (offsets: { partition: number; offset: string }[]) => Promise<void>
  readonly #log: Logger
  readonly #written = new Map<number, bigint>()
  #timer: NodeJS.Timeout | undefined

  constructor(
    commit: (offsets: { partition: number; offset: string }[]) => Promise<void>,
    log: Logger,
  ) {
    this.#commit = commit
    this.#log = log
  }

  /** Notes how far a partition has been written; it is told within a second. */
  note(partition: number, offset: bigint): void {
    this.#written.set(partition, offset)
    this.#timer ??= setTimeout(() => this.flush(), REPORT_EVERY_MS).unref()
  }

  /** Tells what has not been told yet. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const offsets = [...this.#written].map(([partition, offset]) => ({
      partition,
      offset: String(offset),
    }))
    this.#written.clear()
    if (offsets.length === 0) return
    try {
      await this.#commit(offsets)
    } catch (err) {
      this.#log.debug({ err }, 'offsets not reported to kafka')
    }
  }
}
