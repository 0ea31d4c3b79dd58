import type { Pool } from 'pg'
import { type LogBounds, lagOf } from '../platform/topic-log.ts'
import type { StreamMetrics } from './metrics.ts'
import { OUTSIDES, type Outside } from './wait-out.ts'

/** Where a worker stands. */
export interface Standing {
  readonly assigned: number
  /** Partitions that stand still until a person has decided. */
  readonly lost: number
  /** The offsets in Postgres of the partitions that are being read. */
  readonly stored: ReadonlyMap<number, bigint>
  /** What is away and waited for. */
  readonly awaited: ReadonlySet<Outside>
}

/** Who is asked at a scrape. */
export interface ScrapeSources {
  readonly worker: { standing(): Standing; readiness(): string | undefined }
  readonly hand: { readonly bytes: number }
  readonly pool: Pick<Pool, 'totalCount' | 'idleCount' | 'waitingCount'> & {
    readonly options: { readonly max: number }
  }
  /** Where the partitions end in Kafka. */
  readonly readLog: () => Promise<ReadonlyMap<number, LogBounds>>
  /** Counts the dead letters that were not relayed. */
  readonly countLetters: () => Promise<number>
}

// A scrape is answered also while Kafka or Postgres is away: Prometheus waits 10 s at most, and people less.
const ANSWER_MS_MAX = 1_000

/** Adds the metrics that are computed when they are asked for. */
export function addScrapedMetrics(metrics: StreamMetrics, sources: ScrapeSources): void {
  const { worker, pool } = sources
  const log = new LastAnswer(sources.readLog)
  const letters = new LastAnswer(sources.countLetters)
  // The pool first: what the others ask of it is not its own load.
  metrics.gauge('upi_stream_pool_connections', () => [
    [pool.totalCount - pool.idleCount, { state: 'busy' }],
    [pool.idleCount, { state: 'idle' }],
  ])
  metrics.gauge('upi_stream_pool_connections_max', () => [[pool.options.max]])
  metrics.gauge('upi_stream_pool_waiting_requests', () => [[pool.waitingCount]])
  metrics.gauge('upi_stream_lag_messages', async () => {
    const { last } = await log.ask()
    // After the log's: what is written meanwhile does not count as lag.
    const { stored } = worker.standing()
    return [...stored].flatMap(([partition, offset]) => {
      const bounds = last?.get(partition)
      return bounds === undefined ? [] : [[lagOf(bounds, offset), { partition }] as const]
    })
  })
  metrics.gauge('upi_stream_partitions', () => {
    const { assigned, lost, stored } = worker.standing()
    const states = { assigned, reading: stored.size, lost }
    return Object.entries(states).map(([state, count]) => [count, { state }] as const)
  })
  metrics.gauge('upi_stream_bytes_in_hand', () => [[sources.hand.bytes]])
  metrics.gauge('upi_stream_ready', () => [[Number(worker.readiness() === undefined)]])
  metrics.gauge('upi_stream_awaited', async () => {
    // A broker that is silent, rather than gone, is not told from one that has no messages by whoever fetches.
    const isSilent = !(await log.ask()).isNew
    const { awaited } = worker.standing()
    const all = Object.keys(OUTSIDES) as Outside[]
    const isAwaited = (outside: Outside) =>
      awaited.has(outside) || (outside === 'kafka' && isSilent)
    return all.map((outside) => [Number(isAwaited(outside)), { outside }] as const)
  })
  metrics.gauge('upi_stream_dead_letters_waiting', async () => {
    const { last } = await letters.ask()
    return last === undefined ? [] : [[last]]
  })
}

/** What somebody has answered last: scrapes neither wait long nor pile up while there is no answer. */
class LastAnswer<T> {
  readonly #question: () => Promise<T>
  #asked: Promise<boolean> | undefined
  #last: T | undefined

  constructor(question: () => Promise<T>) {
    this.#question = question
  }

  async ask(): Promise<{ last: T | undefined; isNew: boolean }> {
    this.#asked ??= this.#question()
      .then(
        (answer) => {
          this.#last = answer
          return true
        },
        // An outage is told by whoever needs the server.
        () => false,
      )
      .finally(() => {
        this.#asked = undefined
      })
    const late = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => late.resolve(false), ANSWER_MS_MAX)
    const isNew = await Promise.race([this.#asked, late.promise])
    clearTimeout(timer)
    return { last: this.#last, isNew }
  }
}
