import type pg from 'pg'
import { utcDateOf } from '../core/time.ts'
import type { PreparedBatch } from '../streaming/batch.ts'
import type { KafkaRecord, Rules } from '../streaming/processor.ts'
import { runPipeline } from '../streaming/run-pipeline.ts'
import { createSink, SINK_SESSION, type Sink, type Written } from '../streaming/sink.ts'
import { aFields, aRecord, KAFKA_MILLIS, RULES } from './fixtures/records.ts'
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
  readonly #next = new Map<number, bigint>()

  constructor(name: string, rules: Rules = RULES) {
    this.name = name
    this.#rules = rules
  }

  /** A worker's sink on it; the partitions are begun. */
  async sink(pool: pg.Pool): Promise<Sink> {
    const bounds = { start: 0n, end: 1_000_000n }
    const sink = createSink({
      pool,
      group: this.name,
      topic: this.name,
      rules: { version: 'test', settings: {} },
      readLog: async () => ({
        clusterId: 'a cluster',
        timestamps: 'LogAppendTime',
        partitions: new Map(PARTITIONS.map((partition) => [partition, bounds])),
        offsetAt: async () => undefined,
      }),
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

/** What does not balance of all that is in a database: every figure should be 0. */
export async function imbalances(pool: pg.Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query(
    `with books as (
       select coalesce(sum(next_offset - first_offset), 0) as span, coalesce(sum(gaps), 0) as gaps,
              coalesce(sum(messages), 0) as messages, coalesce(sum(accepted), 0) as accepted,
              coalesce(sum(rejected), 0) as rejected, coalesce(sum(inserted), 0) as inserted,
              coalesce(sum(merged + duplicate), 0) as joined,
              coalesce(sum(absorbed), 0) as absorbed
         from ops.stream_batches),
     there as (select count(*) as n, coalesce(sum(messages), 0) as messages
                 from clean_upi_transactions)
     select ((select sum(next_offset) from ops.stream_offsets) - span)::int as offsets,
            (span - gaps - messages)::int as span,
            ((select count(*) from raw_upi_transactions) - messages)::int as raw,
            ((select count(*) from raw_upi_transactions where txn_id is not null) - accepted)::int
              as accepted,
            ((select count(*) from rejected_upi_transactions) - rejected)::int as rejected,
            ((select n from there) - inserted + absorbed)::int as clean,
            ((select there.messages from there) - inserted - joined)::int as told,
            (select count(*)::int from (${METRICS_APART}) as apart) as metrics
       from books`,
  )
  return rows[0]
}

/** No imbalance at all. */
export const BALANCED = {
  offsets: 0,
  span: 0,
  raw: 0,
  accepted: 0,
  rejected: 0,
  clean: 0,
  told: 0,
  metrics: 0,
}

const BUCKETS: [string, number, number][] = [
  ['latency_250ms', -1, 250],
  ['latency_500ms', 250, 500],
  ['latency_1s', 500, 1_000],
  ['latency_2s', 1_000, 2_000],
  ['latency_3s', 2_000, 3_000],
  ['latency_5s', 3_000, 5_000],
  ['latency_10s', 5_000, 10_000],
  ['latency_15s', 10_000, 15_000],
  ['latency_20s', 15_000, 20_000],
  ['latency_30s', 20_000, 30_000],
  ['latency_over', 30_000, 2 ** 40],
]

// Windows that differ between the live figures and clean, in either direction.
const METRICS_APART = `
  with recomputed as (
    select date_trunc('minute', event_time) as window_start, payer_handle, status,
           count(*) filter (where payment) as txns,
           coalesce(sum(amount) filter (where payment), 0) as amount,
           count(*) filter (where payment and decline_class = 'TD') as td,
           count(*) filter (where payment and decline_class = 'BD') as bd,
           count(*) filter (where type = 'P2P') as p2p, count(*) filter (where type = 'P2M') as p2m,
           count(*) filter (where not payment) as refunds,
           coalesce(sum(amount) filter (where not payment), 0) as refund_amount,
           ${BUCKETS.map(
             ([name, above, upTo]) =>
               `count(*) filter (where payment and latency_ms > ${above} and latency_ms <= ${upTo}) as ${name}`,
           ).join(', ')}
      from (select *, type is distinct from 'REFUND' as payment from clean_upi_transactions) as rows
     group by 1, 2, 3),
  live as (
    select window_start, payer_handle, status, txns, amount, td, bd, p2p, p2m, refunds,
           refund_amount, ${BUCKETS.map(([name]) => name).join(', ')}
      from upi_minute_metrics)
  (table recomputed except all table live) union all (table live except all table recomputed)`
