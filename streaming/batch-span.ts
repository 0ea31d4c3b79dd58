import type { Span } from '../platform/tracing.ts'
import type { WrittenBatch } from './lane.ts'

/** A written batch as a span: where it lies in Kafka, what became of its messages, and what took its time. */
export function batchSpan(topic: string, written: WrittenBatch): Span {
  const { batch, books, prepareMs, turnMs, writeMs } = written
  const place = { topic, partition: batch.partition, first_offset: Number(batch.from) }
  return {
    name: 'batch',
    ms: prepareMs + turnMs + writeMs,
    attributes: { ...place, next_offset: Number(batch.next), ...countsOf(books) },
    steps: [
      { name: 'prepare', ms: prepareMs },
      { name: 'turn', ms: turnMs },
      { name: 'write', ms: writeMs },
    ],
  }
}

function countsOf(books: WrittenBatch['books']): Record<string, number> {
  const { messages, accepted, rejected, inserted, merged, duplicate, conflicting, pending } = books
  return { messages, accepted, rejected, inserted, merged, duplicate, conflicting, pending }
}
