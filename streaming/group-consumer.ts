import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import type { BytesInHand } from '../platform/bytes-in-hand.ts'
import { kafkaTypeOf } from '../platform/kafka.ts'
import { mendBatches } from '../platform/kafkajs-batch.ts'
import type { Logger } from '../platform/telemetry.ts'
import { topicFault } from '../platform/topic-log.ts'
import { isPassing, waitOut } from './wait-out.ts'

export interface GroupConsumerOptions {
  readonly kafka: Kafka
  readonly group: string
  readonly topic: string
  readonly log: Logger
  /** Bounds what is unpacked; what `onBatch` does not take is released. */
  readonly hand: BytesInHand
  /** Called before the first fetch can begin: what is paused in it is not fetched. */
  readonly onAssigned: (partitions: readonly number[]) => void
  /** Called when the group was lost; the consumer joins again by itself. */
  readonly onLeft: () => void
  /** Must resolve the offset itself, and return soon: the fetches and the heartbeat of all partitions wait for it. */
  readonly onBatch: (payload: EachBatchPayload) => Promise<void>
  /** Called when it cannot go on, and with whatever `onBatch` throws. */
  readonly onFatal: (fault: unknown) => void
  /** Sessions to try, the shortest first. */
  readonly sessionMs?: readonly number[]
}

// Some 4,600 messages. At 1 MB Postgres takes a tenth more for each message, at 4 MB the worker 60 MB more memory.
const FETCH_BYTES_PER_PARTITION_MAX = 2 << 20
// Of each broker, as they came, beside the budget for what is unpacked of them: with nine brokers 144 MB at worst, until
// the last is unpacked. One batch that is larger comes all the same. kafkajs asks for the partitions in random order.
const FETCH_BYTES_MAX = 16 << 20
// How long a broker may hold a fetch that finds nothing; also how late a resumed partition is looked at again.
const FETCH_WAIT_MS_MAX = 50
// A dead worker's partitions are free again after the first of these that the broker admits; by default 6 s is its least.
export const SESSION_MS = [4_000, 6_000] as const
const HEARTBEAT_EVERY_MS = 500
// Partitions that are added are found after this.
const METADATA_AGE_MS_MAX = 15_000
const PARTITIONS_AT_ONCE = 16

/**
 * A member of the consumer group, without kafkajs's traps. Nothing is ever thrown at kafkajs: a TypeError would end its
 * consumer for good, and of other errors it counts a few in a lifetime. Every batch comes to `onBatch`, also one of
 * transaction markers alone.
 */
export class GroupConsumer {
  readonly #options: GroupConsumerOptions
  readonly #sessionMs: number[]
  readonly #stopped = new AbortController()
  #consumer: Consumer

  constructor(options: GroupConsumerOptions) {
    mendBatches()
    this.#options = options
    this.#sessionMs = [...(options.sessionMs ?? SESSION_MS)]
    this.#consumer = this.#newConsumer()
  }

  /** Reaches Kafka and joins the group; may be called again when it failed. Returns when joining is under way. */
  async join(): Promise<void> {
    const { topic, hand, onBatch, onFatal } = this.#options
    if (this.#stopped.signal.aborted) return
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topic, fromBeginning: true }).catch((fault) => {
      throw topicFault(fault, topic)
    })
    const consumer = this.#consumer
    const options = {
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload: EachBatchPayload) => onBatch(payload).catch(onFatal),
    }
    await hand.bound(() => consumer.run(options))
  }

  /** Leaves the group. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#consumer.disconnect()
  }

  /** Lets partitions stand still: not even what was fetched of them comes to `onBatch`. */
  pause(partitions: readonly number[]): void {
    if (partitions.length === 0) return
    this.#steer((topic) => this.#consumer.pause([{ topic, partitions: [...partitions] }]))
  }

  /** Lets a partition go on; from an offset, if given. */
  resume(partition: number, offset?: bigint): void {
    this.#steer((topic) => {
      if (offset !== undefined) this.#consumer.seek({ topic, partition, offset: String(offset) })
      this.#consumer.resume([{ topic, partitions: [partition] }])
    })
  }

  /** Tells Kafka how far partitions were read. */
  async commit(offsets: readonly { partition: number; offset: string }[]): Promise<void> {
    const { topic } = this.#options
    await this.#consumer.commitOffsets(offsets.map((each) => ({ topic, ...each })))
  }

  // Between a crash and the next join there is nothing to steer, and the join begins anew.
  #steer(act: (topic: string) => void): void {
    try {
      act(this.#options.topic)
    } catch (err) {
      this.#options.log.debug({ err }, 'kafka is not joined')
    }
  }

  #newConsumer(): Consumer {
    const consumer = this.#options.kafka.consumer({
      groupId: this.#options.group,
      sessionTimeout: this.#sessionMs[0] as number,
      heartbeatInterval: HEARTBEAT_EVERY_MS,
      metadataMaxAge: METADATA_AGE_MS_MAX,
      maxBytesPerPartition: FETCH_BYTES_PER_PARTITION_MAX,
      maxBytes: FETCH_BYTES_MAX,
      maxWaitTimeInMs: FETCH_WAIT_MS_MAX,
    })
    this.#listen(consumer)
    return consumer
  }

  // kafkajs ends a consumer for good at what it takes for final, such as a coordinator that is not there yet.
  #renew(): void {
    const { log, onFatal } = this.#options
    this.#consumer = this.#newConsumer()
    const join = () => this.join()
    waitOut('kafka', join, { log, signal: this.#stopped.signal, say: () => {} }).catch(onFatal)
  }

  #listen(consumer: Consumer): void {
    const { topic, log, onAssigned, onLeft, onFatal } = this.#options
    const { GROUP_JOIN, CRASH } = consumer.events
    consumer.on(GROUP_JOIN, ({ payload }) => onAssigned(payload.memberAssignment[topic] ?? []))
    consumer.on(CRASH, ({ payload: { error, restart } }) => {
      onLeft()
      if (this.#stopped.signal.aborted) return
      if (kafkaTypeOf(error) === 'INVALID_SESSION_TIMEOUT' && this.#sessionMs.length > 1) {
        this.#sessionMs.shift()
        log.info({ sessionMs: this.#sessionMs[0] }, 'the broker wants longer sessions')
        this.#renew()
      } else if (!isPassing(error)) onFatal(error)
      else {
        log.warn({ err: error }, 'kafka lost, joining again')
        if (!restart) this.#renew()
      }
    })
  }
}
