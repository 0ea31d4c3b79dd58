import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { REJECT_CODES, type RejectCode } from '../core/errors.ts'
import type { WrittenBatch } from './lane.ts'
import { METRICS, type MetricName } from './metric-table.ts'
import type { KafkaRecord } from './processor.ts'
import { OUTSIDES, type Outside } from './wait-out.ts'
import { WeightedHistogram } from './weighted-histogram.ts'

const OUTCOMES = ['inserted', 'merged', 'duplicate', 'conflicting', 'pending', 'rejected'] as const

/** The values of a gauge, by their labels if it has any. */
export type Samples = readonly (readonly [
  value: number,
  labels?: Readonly<Record<string, string | number>>,
])[]

/** What Prometheus sees of the stream: told of every batch, and never of a single message. */
export class StreamMetrics {
  readonly registry = new Registry()
  readonly #consumed = this.#counter('upi_stream_consumed_total')
  readonly #messages = this.#counter('upi_stream_messages_total')
  readonly #accepted = this.#counter('upi_stream_accepted_total')
  readonly #rejected = this.#counter('upi_stream_rejected_total')
  readonly #conflicts = this.#counter('upi_stream_conflicts_total')
  readonly #absorbed = this.#counter('upi_stream_absorbed_rows_total')
  readonly #warnings = this.#counter('upi_stream_warnings_total')
  readonly #gaps = this.#counter('upi_stream_gaps_total')
  readonly #batches = this.#counter('upi_stream_batches_total')
  readonly #alone = this.#counter('upi_stream_batches_alone_total')
  readonly #retries = this.#counter('upi_stream_retries_total')
  readonly #relayed = this.#counter('upi_stream_dead_letters_relayed_total')
  readonly #sizes = this.#histogram('upi_stream_batch_messages')
  readonly #steps = this.#histogram('upi_stream_batch_step_seconds')
  readonly #writeSteps = this.#histogram('upi_stream_write_step_seconds')
  readonly #latency = new WeightedHistogram(
    'upi_stream_latency_seconds',
    METRICS.upi_stream_latency_seconds,
    this.registry,
  )
  #lastCommitMs = performance.now()

  constructor({ version, rules }: { version: string; rules: string }) {
    // What has not happened yet is 0 and not unknown, where the labels are known.
    for (const code of REJECT_CODES) this.#rejected.inc({ code }, 0)
    for (const kind of ['identity', 'status']) this.#conflicts.inc({ kind }, 0)
    for (const outside of Object.keys(OUTSIDES)) this.#retries.inc({ outside }, 0)
    this.gauge('upi_stream_build_info', () => [[1, { version, rules_version: rules }]])
    this.gauge('upi_stream_last_commit_age_seconds', () => [
      [(performance.now() - this.#lastCommitMs) / 1000],
    ])
  }

  /** Adds what Node knows of the process. */
  addDefaults(): void {
    collectDefaultMetrics({ register: this.registry })
  }

  /** Adds a gauge that is computed when it is asked for. */
  gauge(name: MetricName<'gauge'>, read: () => Promise<Samples> | Samples): void {
    const { help, labels: labelNames } = METRICS[name]
    new Gauge<string>({
      name,
      help,
      labelNames,
      registers: [this.registry],
      async collect() {
        const samples = await read()
        // What is gone since the last time is left out.
        this.reset()
        if (labelNames.length === 0) this.remove()
        for (const [value, labels = {}] of samples) this.set(labels, value)
      },
    })
  }

  /** Messages were read. */
  noteRead(partition: number, messages: number): void {
    this.#consumed.inc({ partition }, messages)
  }

  /** A batch has just been committed. */
  noteBatch({ batch, books, ...took }: WrittenBatch): void {
    const { partition, outcome } = batch
    this.#lastCommitMs = performance.now()
    this.#batches.inc({ partition })
    this.#alone.inc({ partition }, books.alone)
    for (const each of OUTCOMES) this.#messages.inc({ partition, outcome: each }, books[each])
    this.#accepted.inc({ partition }, books.accepted)
    this.#absorbed.inc({ partition }, books.absorbed)
    this.#warnings.inc({ partition }, books.warnings)
    this.#gaps.inc({ partition }, books.gaps)
    if (books.rejected > 0) this.#noteRejected(outcome.rejected, books.rejected)
    // Each message that claims another identity is set aside.
    this.#conflicts.inc({ kind: 'identity' }, books.conflicting)
    this.#conflicts.inc({ kind: 'status' }, books.statusConflicts)
    this.#sizes.observe(books.messages)
    this.#steps.observe({ step: 'prepare' }, took.prepareMs / 1000)
    this.#steps.observe({ step: 'turn' }, took.turnMs / 1000)
    this.#steps.observe({ step: 'write' }, took.writeMs / 1000)
    this.#writeSteps.observe({ step: 'find' }, books.findMs / 1000)
    this.#writeSteps.observe({ step: 'merge' }, books.mergeMs / 1000)
    this.#writeSteps.observe({ step: 'commit' }, books.commitMs / 1000)
    const nowMs = Date.now()
    this.#noteLatency(outcome.accepted, nowMs)
    this.#noteLatency(outcome.rejected, nowMs)
  }

  /** Something is tried again. */
  noteRetry(outside: Outside): void {
    this.#retries.inc({ outside })
  }

  /** Dead letters were relayed. */
  noteRelayed(letters: number): void {
    this.#relayed.inc(letters)
  }

  #noteRejected(rejected: WrittenBatch['batch']['outcome']['rejected'], written: number): void {
    const codes = new Map<RejectCode, number>()
    for (const { reasons } of rejected) {
      const { code } = reasons[0] as (typeof reasons)[number]
      codes.set(code, (codes.get(code) ?? 0) + 1)
    }
    for (const [code, count] of codes) this.#rejected.inc({ code }, count)
    // Beyond those that the rules refused: what Postgres would not have.
    this.#rejected.inc({ code: 'INTERNAL' }, written - rejected.length)
  }

  // Messages that a producer sent together have the same time.
  #noteLatency(messages: readonly { record: KafkaRecord }[], nowMs: number): void {
    let atMs = 0
    let times = 0
    for (const { record } of messages) {
      if (record.timestampMs !== atMs) {
        if (times > 0) this.#latency.observe(Math.max(0, nowMs - atMs) / 1000, times)
        atMs = record.timestampMs
        times = 0
      }
      times++
    }
    if (times > 0) this.#latency.observe(Math.max(0, nowMs - atMs) / 1000, times)
  }

  #counter(name: MetricName<'counter'>): Counter {
    const { help, labels: labelNames } = METRICS[name]
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  #histogram(name: MetricName<'histogram'>): Histogram {
    const { help, labels: labelNames, buckets } = METRICS[name]
    return new Histogram({
      name,
      help,
      labelNames,
      buckets: [...buckets],
      registers: [this.registry],
    })
  }
}
