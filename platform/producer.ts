import { setTimeout as pause } from 'node:timers/promises'
import type { Message, Producer } from 'kafkajs'
import { UpiError } from '../core/errors.ts'
import {
  PRODUCE_BATCH_BYTES_MAX,
  PRODUCE_BATCH_MESSAGES_MAX,
  PRODUCE_QUEUE_MESSAGES_MAX,
} from '../core/limits.ts'
import type { Needed } from './config.ts'
import { createKafka, kafkaFault, kafkaTypeOf } from './kafka.ts'
import { COMPRESSIONS } from './kafka-codecs.ts'
import { keyPartitioner } from './partitioner.ts'
import type { Logger } from './telemetry.ts'

/** A message for a topic; a null value is sent as such. */
export type OutgoingMessage = Pick<Message, 'value' | 'headers'> & { readonly key: string | null }

export interface ProducerOptions {
  readonly clientId: string
  readonly topic: string
  readonly log: Logger
  /** How long one batch is tried while Kafka is away, before whoever sent it is told. */
  readonly outageMsMax: number
  /** Aborted when the process is asked to stop: an outage is then not waited for any more. */
  readonly signal?: AbortSignal
}

/**
 * Sends messages to one topic in the order in which they are given, in batches, and acknowledged by all in-sync
 * replicas. The producer is idempotent and has one request in flight: what is tried again after an outage is written
 * once, unless the broker has forgotten the producer meanwhile. With more in flight kafkajs can take a batch for the
 * repetition of another, and loses it.
 */
export class TopicProducer {
  readonly #options: ProducerOptions
  readonly #brokers: readonly string[]
  readonly #create: () => Producer
  readonly #compression: number
  readonly #queue: Waiting[] = []
  readonly #closing = new AbortController()
  readonly #stopping: AbortSignal
  #producer: Producer
  #isConnected = false
  #queued = 0
  #draining: Promise<void> | undefined
  #trouble: string | undefined

  private constructor(config: Needed<'kafkaBrokers'>, options: ProducerOptions) {
    this.#options = options
    this.#stopping = AbortSignal.any([
      this.#closing.signal,
      ...(options.signal ? [options.signal] : []),
    ])
    this.#brokers = config.kafkaBrokers
    this.#compression = COMPRESSIONS[config.producerCompression]
    // What kafkajs tries again by itself is no news; what it gives up is thrown, and told here.
    const { log } = options
    const quiet = log.child({}, { level: log.level === 'debug' ? 'debug' : 'error' })
    const kafka = createKafka(config, options.clientId, quiet)
    this.#create = () =>
      kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        createPartitioner: keyPartitioner,
        retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 500 },
      })
    this.#producer = this.#create()
  }

  /** Connects a producer; throws KAFKA_UNAVAILABLE when there is no Kafka to begin with. */
  static async connect(
    config: Needed<'kafkaBrokers'>,
    options: ProducerOptions,
  ): Promise<TopicProducer> {
    const producer = new TopicProducer(config, options)
    try {
      await producer.#connect()
      return producer
    } catch (cause) {
      await producer.close()
      throw faultOf(cause, config.kafkaBrokers)
    }
  }

  /** Why nothing can be sent just now; undefined when all is well. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Settles when Kafka has the messages. Waits for room first, so that who awaits it cannot fill the memory. */
  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    while (this.#queued >= PRODUCE_QUEUE_MESSAGES_MAX) await this.#queue[0]?.done.catch(() => {})
    if (this.#closing.signal.aborted) throw new UpiError('BUG', 'the producer is closed')
    if (messages.length === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#queue.push({ messages, taken: 0, done: promise, resolve, reject })
    this.#queued += messages.length
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined
    })
    await promise
  }

  /** Sends what is queued, unless Kafka is away, and disconnects. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#draining
    await this.#producer.disconnect()
  }

  async #connect(): Promise<void> {
    if (this.#isConnected) return
    await this.#producer.connect()
    this.#isConnected = true
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const { messages, finished } = this.#takeBatch()
      try {
        await this.#deliver(messages)
        for (const waiting of finished) waiting.resolve()
      } catch (fault) {
        this.#reject(finished, fault)
        await this.#renew()
      }
    }
  }

  #takeBatch(): { messages: OutgoingMessage[]; finished: Waiting[] } {
    const messages: OutgoingMessage[] = []
    const finished: Waiting[] = []
    let bytes = 0
    while (messages.length < PRODUCE_BATCH_MESSAGES_MAX) {
      const first = this.#queue[0]
      if (first === undefined) break
      const message = first.messages[first.taken] as OutgoingMessage
      bytes += (message.value?.length ?? 0) + headerBytes(message)
      if (bytes > PRODUCE_BATCH_BYTES_MAX && messages.length > 0) break
      messages.push(message)
      first.taken += 1
      if (first.taken < first.messages.length) continue
      this.#queue.shift()
      finished.push(first)
    }
    this.#queued -= messages.length
    return { messages, finished }
  }

  async #deliver(messages: OutgoingMessage[]): Promise<void> {
    const { topic, outageMsMax, log } = this.#options
    const signal = this.#stopping
    const since = performance.now()
    for (let waitMs = BACK_OFF_MS_FIRST; ; waitMs = Math.min(2 * waitMs, BACK_OFF_MS_MAX)) {
      try {
        await this.#connect()
        await this.#producer.send({ topic, messages, acks: -1, compression: this.#compression })
        if (this.#trouble !== undefined) log.info('kafka is back')
        this.#trouble = undefined
        return
      } catch (cause) {
        const fault = this.#explain(cause)
        if (performance.now() - since > outageMsMax || signal.aborted) throw fault
        if (STATE_LOST.has(kafkaTypeOf(cause))) await this.#renew()
        else if (!isAway(fault)) throw fault
        this.#trouble = (fault as Error).message
        log.warn({ reason: this.#trouble, waitMs }, 'kafka is away, trying again')
      }
      await pause(waitMs, undefined, { signal }).catch(() => {})
    }
  }

  #explain(cause: unknown): unknown {
    if (kafkaTypeOf(cause) !== 'UNKNOWN_TOPIC_OR_PARTITION') return faultOf(cause, this.#brokers)
    const message = `topic ${this.#options.topic} does not exist`
    return new UpiError('TOPIC_MISSING', message, { fix: './upi topics', cause })
  }

  // What waits behind a batch that failed for want of Kafka would fail too, each after its own outage.
  #reject(finished: readonly Waiting[], fault: unknown): void {
    const isCut = (waiting: Waiting) => waiting.taken > 0 || isAway(fault)
    const cut = this.#queue.filter(isCut)
    this.#queue.splice(0, cut.length)
    for (const waiting of cut) this.#queued -= waiting.messages.length - waiting.taken
    for (const waiting of [...finished, ...cut]) waiting.reject(fault)
  }

  // Nobody knows whether a failed batch was written; under its sequence numbers another would be taken for it.
  async #renew(): Promise<void> {
    this.#isConnected = false
    await this.#producer.disconnect().catch(() => {})
    this.#producer = this.#create()
  }
}

/** Whether the broker refuses a message, or all of a batch, for its size. */
export function isTooLarge(fault: unknown): boolean {
  return /^(MESSAGE|RECORD_LIST)_TOO_LARGE$/.test(kafkaTypeOf(fault) ?? '')
}

function headerBytes({ headers = {} }: OutgoingMessage): number {
  let bytes = 0
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0)
  return bytes
}

interface Waiting {
  readonly messages: readonly OutgoingMessage[]
  taken: number
  readonly done: Promise<void>
  readonly resolve: () => void
  readonly reject: (fault: unknown) => void
}

const BACK_OFF_MS_FIRST = 200
const BACK_OFF_MS_MAX = 5_000

// The broker has forgotten this producer, or counts otherwise: only a new one can go on.
const STATE_LOST: ReadonlySet<string | undefined> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
])

function isAway(fault: unknown): boolean {
  return fault instanceof UpiError && fault.kind === 'retry'
}

// An outage comes out of kafkajs as it is, or wrapped as something that cannot be tried again.
function faultOf(cause: unknown, brokers: readonly string[]): unknown {
  for (let each = cause; each instanceof Error; each = each.cause) {
    const fault = kafkaFault(each, brokers)
    if (fault !== each) return fault
  }
  return cause
}
