import { Counter, collectDefaultMetrics, Registry } from 'prom-client'
import type { BatchBooks } from './sink.ts'

/** What Prometheus sees of the stream. */
export interface StreamMetrics {
  readonly registry: Registry
  readonly countBatch: (partition: number, books: BatchBooks) => void
}

const OUTCOMES = ['inserted', 'merged', 'duplicate', 'conflicting', 'rejected'] as const

/** Makes the stream's metrics; labels are bounded by the partitions and the five outcomes. */
export function createStreamMetrics(): StreamMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const messages = new Counter({
    name: 'upi_stream_messages_total',
    help: 'Messages written to Postgres, by what became of them.',
    labelNames: ['partition', 'outcome'],
    registers: [registry],
  })
  const batches = new Counter({
    name: 'upi_stream_batches_total',
    help: 'Batches committed to Postgres.',
    labelNames: ['partition'],
    registers: [registry],
  })
  return {
    registry,
    countBatch(partition, books) {
      batches.inc({ partition })
      for (const outcome of OUTCOMES) messages.inc({ partition, outcome }, books[outcome])
    },
  }
}
