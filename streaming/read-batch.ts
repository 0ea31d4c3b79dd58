import type { EachBatchPayload } from 'kafkajs'
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
    latestMs: rawMessages.reduce((latest, each) => Math.max(latest, Number(each.timestamp)), 0),
  }
}

function toRecord(
  partition: number,
  { offset, timestamp, key, value }: EachBatchPayload['batch']['messages'][number],
): KafkaRecord {
  return { partition, offset, timestampMs: Number(timestamp), key, value }
}
