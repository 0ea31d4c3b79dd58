import { UpiError } from '../core/errors.ts'
import { KAFKA_MS_MAX } from '../core/limits.ts'
import type { StoredOffset } from '../platform/queries/stream-offsets.ts'
import type { TopicLog } from '../platform/topic-log.ts'

/**
 * Why a partition cannot go on from its stored offset; undefined when it can. Kafka's clients would quietly begin
 * elsewhere; what was lost must be said, and decided by a person.
 */
export async function lossOf(
  { topic, partition }: { topic: string; partition: number },
  { next, maxKafkaMs }: Pick<StoredOffset, 'next' | 'maxKafkaMs'>,
  log: TopicLog,
): Promise<UpiError | undefined> {
  const where = `${topic} partition ${partition}`
  const bounds = log.partitions.get(partition)
  if (bounds === undefined) return partitionGone(topic, partition)
  if (next > bounds.end) {
    return anotherLog(`${where} ends at ${bounds.end} but ${next} was stored`)
  }
  if (next < bounds.start) return expired(where, next, bounds.start)
  if (maxKafkaMs === undefined || next === bounds.start) return undefined
  // What was read may be later still.
  if (maxKafkaMs >= KAFKA_MS_MAX) return undefined
  // A topic that was made anew holds nothing from before that, and all that was read is from before.
  const later = await log.offsetAt(partition, maxKafkaMs + 1)
  if (later === undefined || later > bounds.start) return undefined
  return anotherLog(`${where} has only messages that came after those that were read up to ${next}`)
}

function expired(where: string, next: bigint, start: bigint): UpiError {
  return new UpiError(
    'OFFSET_LOST',
    `${where}: offsets ${next} to ${start - 1n} have expired in Kafka before they were read`,
    { fix: 'accept the loss with ./upi offsets seek --to earliest, or restore the topic' },
  )
}

/** The log belongs to another Kafka. */
export function otherCluster(
  topic: string,
  { was, is }: { was: string | null; is: string },
): UpiError {
  return anotherLog(`topic ${topic} was read from Kafka cluster ${was}, and this is ${is}`)
}

/** The topic has fewer partitions than were read. */
export function partitionGone(topic: string, partition: number): UpiError {
  return anotherLog(`${topic} has no partition ${partition} any more`)
}

/** Whether offsets of one log are stored and this is another, so that they mean nothing in it. */
export function isAnotherLog(loss: UpiError): boolean {
  return loss.fix === ADOPT
}

const ADOPT = 'check KAFKA_BROKERS, or accept another topic or cluster with ./upi offsets adopt'

function anotherLog(what: string): UpiError {
  return new UpiError('OFFSET_LOST', `${what}: it is another log`, { fix: ADOPT })
}
