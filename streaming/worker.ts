import { setTimeout } from 'node:timers/promises'
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { UpiError } from '../core/errors.ts'
import { DRAIN_MS_MAX } from '../core/limits.ts'
import { isKafkaRefusal } from '../platform/kafka.ts'
import { isOutage } from '../platform/postgres.ts'
import type { Logger } from '../platform/telemetry.ts'
import type { KafkaRecord, Rules } from './processor.ts'
import { schemaIdOf } from './processors/decode-message.ts'
import { runPipeline } from './run-pipeline.ts'
import type { BatchBooks, Sink } from './sink.ts'
import { dayOf, slices } from './slices.ts'

export interface StreamDeps {
  readonly kafka: Kafka
  readonly sink: Sink
  readonly rules: Rules
  /** Loads the schema of a framed message, so that decoding need not wait. Throws while the registry is away. */
  readonly loadSchema: (id: number) => Promise<unknown>
  readonly topic: string
  readonly group: string
  readonly log: Logger
  readonly onBatch: (partition: number, books: BatchBooks) => void
}

// Fetches of 1 MB keep the worker small and overlap best with Postgres (measured: 62-66 k/s against 39-61 k/s at 4 MB).
const FETCH_BYTES_PER_PARTITION_MAX = 1 << 20
const FETCH_BYTES_MAX = 8 << 20
// How long a broker may hold a fetch that finds nothing; also how soon a resumed partition is looked at again.
const FETCH_WAIT_MS_MAX = 100
// The smallest that a broker admits by default: a dead worker's partitions are free again after this.
const SESSION_TIMEOUT_MS = 6_000
const HEARTBEAT_EVERY_MS = 1_000
const PARTITIONS_AT_ONCE = 4
const SCHEMAS_AT_ONCE = 16
const BACK_OFF_MS_FIRST = 100
const BACK_OFF_MS_MAX = 5_000

/**
 * Reads a topic into the sink. Offsets live in Postgres: on every assignment the partitions are paused at once, their
 * offsets read, and only then fetched from there. Kafka's committed offset is written after the fact, for lag tools.
 * An outage of Postgres, Kafka or the registry waits, keeps the batch and rejects nothing.
 */
export class StreamWorker {
  readonly #deps: StreamDeps
  readonly #consumer: Consumer
  readonly #positions = new Map<number, bigint>()
  readonly #stop = new AbortController()
  #assignment = 0
  #assigned: number[] | undefined
  #trouble: string | undefined
  #crash: ((fault: unknown) => void) | undefined

  constructor(deps: StreamDeps) {
    this.#deps = deps
    this.#consumer = deps.kafka.consumer({
      groupId: deps.group,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_EVERY_MS,
      maxBytesPerPartition: FETCH_BYTES_PER_PARTITION_MAX,
      maxBytes: FETCH_BYTES_MAX,
      maxWaitTimeInMs: FETCH_WAIT_MS_MAX,
    })
  }

  /** Reads until `signal`; then finishes the batches in hand and leaves the group. */
  async run(signal: AbortSignal): Promise<void> {
    const { topic } = this.#deps
    signal.addEventListener('abort', () => this.#stop.abort(), { once: true })
    const crashed = new Promise<never>((_, reject) => {
      this.#crash = reject
    })
    crashed.catch(() => {})
    this.#listen()
    await this.#retry('Kafka', () => this.#consumer.connect())
    if (!signal.aborted) {
      await this.#consumer.subscribe({ topic, fromBeginning: true })
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => this.#takeBatch(payload),
      })
      await Promise.race([crashed, untilAborted(signal)])
    }
    // Whatever hangs is cut off: the offset in Postgres tells the next worker where to begin.
    const isDrained = await Promise.race([
      this.#consumer.disconnect().then(() => true),
      setTimeout(DRAIN_MS_MAX, false, { ref: false }),
    ])
    if (!isDrained) this.#deps.log.warn('a batch in hand was cut off')
  }

  /** Why the worker is not reading; undefined when it does, or has no partition to read. */
  readiness(): string | undefined {
    if (this.#trouble !== undefined) return this.#trouble
    if (this.#assigned === undefined) return 'has not joined the group yet'
    const waiting = this.#assigned.filter((partition) => !this.#positions.has(partition))
    return waiting.length === 0 ? undefined : `partitions ${waiting.join(', ')} are not placed yet`
  }

  #listen(): void {
    const { GROUP_JOIN, CRASH } = this.#consumer.events
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      this.#takeAssignment(payload.memberAssignment[this.#deps.topic] ?? [])
    })
    this.#consumer.on(CRASH, ({ payload }) => {
      this.#assigned = undefined
      const isPassing = payload.restart && !isKafkaRefusal(payload.error)
      if (isPassing) this.#deps.log.warn({ err: payload.error }, 'kafka lost, joining again')
      else this.#crash?.(payload.error)
    })
  }

  // kafkajs does not await this listener: what is assigned is paused before the first fetch can begin.
  #takeAssignment(partitions: number[]): void {
    this.#assignment++
    this.#assigned = partitions
    this.#positions.clear()
    this.#deps.log.info({ partitions }, 'partitions assigned')
    this.#placeAgain(partitions)
  }

  #placeAgain(partitions: readonly number[]): void {
    if (partitions.length === 0) return
    for (const partition of partitions) this.#positions.delete(partition)
    this.#consumer.pause([{ topic: this.#deps.topic, partitions: [...partitions] }])
    this.#place(partitions, this.#assignment).catch((fault) => this.#crash?.(fault))
  }

  async #place(partitions: readonly number[], assignment: number): Promise<void> {
    const { topic, sink } = this.#deps
    const offsets = await this.#retry('Postgres or Kafka', () => sink.findOffsets(partitions))
    if (assignment !== this.#assignment || offsets === undefined) return
    for (const [partition, offset] of offsets) {
      this.#positions.set(partition, offset)
      this.#consumer.seek({ topic, partition, offset: String(offset) })
    }
    this.#consumer.resume([{ topic, partitions: [...partitions] }])
  }

  async #takeBatch({ batch, heartbeat, resolveOffset }: EachBatchPayload): Promise<void> {
    const { partition } = batch
    const assignment = this.#assignment
    const position = this.#positions.get(partition)
    if (position === undefined) return
    const end = BigInt(batch.lastOffset()) + 1n
    const records = batch.messages
      .filter((message) => BigInt(message.offset) >= position)
      .map((message) => toRecord(partition, message))
    // All of it lies below the stored offset: go on from there, or the same would be fetched for ever.
    if (records.length === 0 && end <= position) resolveOffset(String(position - 1n))
    for (const slice of slices(records)) {
      const last = slice.at(-1) as KafkaRecord
      const next = last === records.at(-1) ? end : BigInt(last.offset) + 1n
      const isWritten = await this.#write(partition, { slice, next, heartbeat, assignment })
      if (!isWritten) return
      resolveOffset(String(next - 1n))
    }
    await this.#reportToKafka(partition)
    await heartbeat()
  }

  /** Writes one batch, waiting out every outage. False when the partition is no longer ours or the process stops. */
  async #write(
    partition: number,
    batch: {
      slice: KafkaRecord[]
      next: bigint
      heartbeat: () => Promise<void>
      assignment: number
    },
  ): Promise<boolean> {
    const from = this.#positions.get(partition)
    if (from === undefined || batch.assignment !== this.#assignment) return false
    const { sink, rules, onBatch } = this.#deps
    const schemas = await this.#retry(
      'the registry',
      () => this.#loadSchemas(batch.slice, batch.heartbeat),
      batch,
    )
    if (schemas === undefined) return false
    const outcome = runPipeline(batch.slice, rules)
    if (outcome.fault !== undefined) {
      this.#deps.log.error({ err: outcome.fault, partition }, 'a processor threw')
    }
    const rawDay = dayOf(batch.slice)
    const prepared = sink.prepare({ partition, from, next: batch.next, rawDay, outcome })
    try {
      const write = () => sink.write(prepared, batch.heartbeat)
      const books = await this.#retry('Postgres', write, batch)
      if (books === undefined || batch.assignment !== this.#assignment) return false
      this.#positions.set(partition, batch.next)
      onBatch(partition, books)
      return true
    } catch (fault) {
      // A heartbeat that reports a rebalance is kafkajs's own business.
      if ((fault as Error).name.startsWith('KafkaJS')) throw fault
      if (!(fault instanceof UpiError && fault.code === 'OWNER_STALE')) throw this.#fatal(fault)
      this.#deps.log.warn({ partition }, 'another worker has moved on; reading its offset')
      if (batch.assignment === this.#assignment) this.#placeAgain([partition])
      return false
    }
  }

  async #loadSchemas(
    records: readonly KafkaRecord[],
    heartbeat: () => Promise<void>,
  ): Promise<true> {
    const ids = new Set(records.map((record) => schemaIdOf(record.value)))
    ids.delete(undefined)
    const waiting = [...ids] as number[]
    // A topic full of made-up ids costs a request each: some at once, and the group must know that we live.
    while (waiting.length > 0) {
      await Promise.all(waiting.splice(0, SCHEMAS_AT_ONCE).map(this.#deps.loadSchema))
      await heartbeat()
    }
    return true
  }

  // Best effort: nothing starts from this offset, it only shows the lag to tools that know Kafka alone.
  async #reportToKafka(partition: number): Promise<void> {
    const offset = String(this.#positions.get(partition))
    try {
      await this.#consumer.commitOffsets([{ topic: this.#deps.topic, partition, offset }])
    } catch (err) {
      this.#deps.log.debug({ err, partition }, 'offset not reported to kafka')
    }
  }

  // kafkajs would swallow it, or stop quietly and leave an idle process.
  #fatal(fault: unknown): unknown {
    this.#crash?.(fault)
    return fault
  }

  /** Tries until it works, backing off and saying so; undefined when the process is asked to stop meanwhile. */
  async #retry<T>(
    what: string,
    call: () => Promise<T>,
    batch?: { heartbeat: () => Promise<void> },
  ): Promise<T | undefined> {
    for (let waitMs = BACK_OFF_MS_FIRST; ; waitMs = Math.min(waitMs * 2, BACK_OFF_MS_MAX)) {
      try {
        const value = await call()
        this.#trouble = undefined
        return value
      } catch (fault) {
        if (!isPassing(fault)) throw fault
        this.#trouble = `${what} is away`
        this.#deps.log.warn({ err: fault, waitMs }, 'waiting for a server that is away')
      }
      await pause(waitMs, this.#stop.signal)
      if (this.#stop.signal.aborted) return undefined
      await batch?.heartbeat()
    }
  }
}

const SERIALIZATION_FAILURES = ['40001', '40P01', '55P03']

function isPassing(fault: unknown): boolean {
  if (fault instanceof UpiError) return fault.kind === 'retry' && fault.code !== 'OWNER_STALE'
  const { code, name } = fault as { code?: string; name?: string }
  if (isOutage(fault) || SERIALIZATION_FAILURES.includes(code ?? '')) return true
  return name?.startsWith('KafkaJS') === true && !isKafkaRefusal(fault)
}

function toRecord(partition: number, message: EachBatchPayload['batch']['messages'][number]) {
  const { offset, timestamp, key, value } = message
  return { partition, offset, timestampMs: Number(timestamp), key, value }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

async function pause(millis: number, signal: AbortSignal): Promise<void> {
  await setTimeout(millis, undefined, { signal }).catch(() => {})
}
