import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import type { Pool } from 'pg'

const LOOK_MS = 250

/** A partition that did not move on, from when and for how long; times are of the run. */
export interface Standstill {
  readonly partition: number
  readonly fromMs: number
  readonly millis: number
  /** The longest that it stood still while nothing was done to the platform. */
  readonly leftAloneMs: number
}

/** Where the stream stands: how far it is behind, and how long it has stood still at the most. */
export class Watch {
  readonly #pool: Pool
  readonly #admin: Admin
  readonly #topic: string
  readonly #seen = new Map<number, { offset: bigint; since: number; end: bigint }>()
  readonly #longest = new Map<number, Standstill>()
  readonly #begun = Date.now()
  #disturbed = 0

  constructor(parts: { pool: Pool; admin: Admin; topic: string }) {
    this.#pool = parts.pool
    this.#admin = parts.admin
    this.#topic = parts.topic
  }

  /** Looks until `signal`; while a server is away there is nothing to be seen, and time goes on. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look().catch(() => {})
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {})
    }
  }

  /** Messages that Kafka has and Postgres has not, as last seen. */
  get lag(): number {
    const lags = [...this.#seen.values()].map(({ offset, end }) => Number(end - offset))
    return lags.reduce((sum, lag) => sum + lag, 0)
  }

  /** The longest time that each partition stood still although it had something to be read. */
  get standstills(): Standstill[] {
    return [...this.#longest.values()]
  }

  /** Says that a fault has begun or ended: only from then on must the stream go on by itself. */
  disturb(): void {
    this.#disturbed = Date.now()
  }

  /** Waits until nothing is left to be read and no dead letter to be relayed; false when that is not so in time. */
  async caughtUp(msMax: number, signal: AbortSignal): Promise<boolean> {
    const end = Date.now() + msMax
    while (Date.now() < end) {
      signal.throwIfAborted()
      const isSeen = await this.#look().then(
        () => true,
        () => false,
      )
      if (isSeen && this.#seen.size > 0 && this.lag === 0 && (await this.#isRelayed())) return true
      await sleep(LOOK_MS)
    }
    return false
  }

  async #isRelayed(): Promise<boolean> {
    const { rows } = await this.#pool.query(
      'select from rejected_upi_transactions where relayed_at is null limit 1',
    )
    return rows.length === 0
  }

  async #look(): Promise<void> {
    const log = await this.#admin.fetchTopicOffsets(this.#topic)
    const { rows } = await this.#pool.query<{ kafka_partition: number; next_offset: string }>(
      'select kafka_partition, next_offset from ops.stream_offsets where topic = $1',
      [this.#topic],
    )
    const stored = new Map(rows.map((row) => [row.kafka_partition, BigInt(row.next_offset)]))
    const now = Date.now()
    for (const { partition, high } of log) {
      const end = BigInt(high)
      const offset = stored.get(partition) ?? 0n
      const before = this.#seen.get(partition)
      const isMoving = before === undefined || offset > before.offset || before.offset >= before.end
      const since = isMoving ? now : before.since
      this.#seen.set(partition, { offset, end, since })
      this.#note({
        partition,
        fromMs: since - this.#begun,
        millis: now - since,
        leftAloneMs: now - Math.max(since, this.#disturbed),
      })
    }
  }

  #note(now: Standstill): void {
    const longest = this.#longest.get(now.partition) ?? now
    const leftAloneMs = Math.max(longest.leftAloneMs, now.leftAloneMs)
    const kept = now.millis > longest.millis ? now : longest
    this.#longest.set(now.partition, { ...kept, leftAloneMs })
  }
}
