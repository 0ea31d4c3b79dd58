import type pg from 'pg'
import { utcDateOf } from '../core/time.ts'
import type { PreparedBatch } from '../streaming/batch.ts'
import type { KafkaRecord, Rules } from '../streaming/processor.ts'
import { runPipeline } from '../streaming/run-pipeline.ts'
import { createSink, SINK_SESSION, type Sink, type Written } from '../streaming/sink.ts'
import { aFields, aRecord, KAFKA_MILLIS, RULES } from './fixtures/records.ts'
import { aTopicLog } from './fixtures/topic-log.ts'
import type { OwnStack } from './harness.ts'

/** A pool for sinks, whose connections are as the stream has them. */
export function sinkPool(own: OwnStack): pg.Pool {
  const pool = own.pool('upi_ingest')
  const settings = Object.entries(SINK_SESSION).map(([name, value]) => `set ${name} = '${value}'`)
  pool.on('connect', (client) => {
    // One that is lost fails its statements, not the process.
    client.on('error', () => {})
    client.query(settings.join('; ')).catch(() => {})
  })
  return pool
}

/** The partitions of such a topic. */
export const PARTITIONS = [0, 1, 2]

/** A message for a topic: its fields and, unless it is keyed by its transaction, its key. */
export interface SentMessage {
  /** Over the example of the contract; or the value as it is. */
  readonly fields?: Record<string, unknown>
  readonly value?: Buffer | string | null
  readonly key?: Buffer | string | null
}

/**
 * A topic that sinks read without Kafka: messages get the next offsets of their partition, and are written through as
 * many sinks as a test likes, as several workers would.
 */
export class SinkTopic {
  readonly name: string
  /** Messages that Postgres would not have, as `partition/offset`. */
  readonly refused: string[] = []
  readonly #rules: Rules
  readonly #version: string
  readonly #next = new Map<number, bigint>()

  constructor(name: string, rules: Rules = RULES, version = 'test') {
    this.name = name
    this.#rules = rules
    this.#version = version
  }

  /** A worker's sink on it; the partitions are begun. */
  async sink(pool: pg.Pool): Promise<Sink> {
    const bounds = { start: 0n, end: 1_000_000n }
    const sink = createSink({
      pool,
      group: this.name,
      topic: this.name,
      rules: { version: this.#version, settings: {} },
      readLog: async () => aTopicLog(PARTITIONS.map(() => bounds)),
      onRefused: ({ partition, offset }) => this.refused.push(`${partition}/${offset}`),
    })
    await sink.findOffsets(PARTITIONS)
    return sink
  }

  /** The next messages of a partition, prepared. Without `write` they are the next again. */
  batch(sink: Sink, partition: number, messages: readonly SentMessage[]): PreparedBatch {
    const from = this.#next.get(partition) ?? 0n
    const records = messages.map((message, i) => ({
      ...toRecord(message),
      partition,
      offset: String(from + BigInt(i)),
    }))
    return sink.prepare({
      partition,
      epoch: 0,
      from,
      next: from + BigInt(messages.length),
      rawDay: utcDateOf(KAFKA_MILLIS),
      latestMs: KAFKA_MILLIS,
      outcome: runPipeline(records, this.#rules),
    })
  }

  /** Writes a prepared batch. */
  async write(sink: Sink, batch: PreparedBatch): Promise<Written> {
    const books = await sink.write(batch)
    this.#next.set(batch.partition, batch.next)
    return books
  }

  /** Prepares and writes the next messages of a partition. */
  async send(sink: Sink, partition: number, ...messages: readonly SentMessage[]): Promise<Written> {
    return await this.write(sink, this.batch(sink, partition, messages))
  }
}

function toRecord({ fields = {}, value, key }: SentMessage): KafkaRecord {
  const filled = aFields(fields)
  const record = aRecord(value === undefined ? filled : value)
  const given = key === undefined ? String(filled.txn_id) : key
  return { ...record, key: typeof given === 'string' ? Buffer.from(given) : given }
}
