import { createRequire } from 'node:module'
import type { KafkaMessage } from 'kafkajs'

/** What kafkajs has of a batch beyond what its types tell. */
export interface FetchedBatch {
  /** The offset that was asked for: another than was wanted where kafkajs has reset it by itself. */
  readonly fetchedOffset: string
  /** All that the broker gave, also what kafkajs hides: transaction markers, aborted messages. */
  readonly rawMessages: readonly KafkaMessage[]
}

/**
 * Lets batches of transaction markers alone reach eachBatch: kafkajs 2.2.4 passes over them by itself, so that whoever
 * keeps the offsets would never hear of them. For consumers that resolve every batch themselves, by eachBatch.
 */
export function showMarkers(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/batch') as {
    prototype: {
      rawMessages: readonly unknown[]
      isEmpty(): boolean
      isEmptyDueToFiltering(): boolean
    }
  }
  prototype.isEmptyDueToFiltering = () => false
  prototype.isEmpty = function () {
    return this.rawMessages.length === 0
  }
}
