import type { EachBatchPayload } from 'kafkajs'
import { KAFKA_MS_MAX, KAFKA_MS_MIN } from '../core/limits.ts'
import type { FetchedBatch } from '../platform/kafkajs-batch.ts'
import type { KafkaRecord } from './processor.ts'
import type { Stretch } from './slices.ts'

/** What kafkajs has fetched, as a stretch of the log from the offset that it asked for. */
export function stretchOf({ batch }: EachBatchPayload): Stretch {
  const { fetchedOffset, rawMessages } = batch as typeof batch & FetchedBatch
  const { partition, messages } = batch
  const from = BigInt(fetchedOffset)
  const broken = rawMessages.find((each) => each.unreadable !== undefined)
  const end = broken === undefined ? BigInt(batch.lastOffset()) + 1n : BigInt(broken.offset)
  return {
    from,
    // A batch may begin before the offset that was asked for.
    next: end < from ? from : end,
    ...(broken?.unreadable === undefined ? {} : { unreadable: broken.unreadable }),
    ...(rawMessages.portion === undefined ? {} : { portion: rawMessages.portion }),
    records: messages.map((message) => toRecord(partition, message)),
    latestMs: rawMessages.reduce((latest, each) => Math.max(latest, kafkaMsOf(each)), KAFKA_MS_MIN),
  }
}

function toRecord(
  partition: number,
  message: EachBatchPayload['batch']['messages'][number],
): KafkaRecord {
  const { offset, key, value } = message
  return { partition, offset, timestampMs: kafkaMsOf(message), key, value }
}

/**
 * Kafka's time of a message. One that has no place in raw becomes the nearest that has: whenever it is read, it is the
 * same, and the rules judge the message by it as by any other.
 */
function kafkaMsOf({ timestamp }: { timestamp: string }): number {
  return Math.min(Math.max(Number(timestamp), KAFKA_MS_MIN), KAFKA_MS_MAX)
}
