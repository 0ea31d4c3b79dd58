import { setTimeout as pause } from 'node:timers/promises'
import type { Pool } from 'pg'
import {
  DRAIN_MS_MAX,
  RELAY_BATCH_BYTES_MAX,
  RELAY_BATCH_ROWS_MAX,
  RELAY_HELD_MS_MAX,
} from '../core/limits.ts'
import type { Needed } from '../platform/config.ts'
import { withConnection } from '../platform/postgres.ts'
import { isTooLarge, type OutgoingMessage, TopicProducer } from '../platform/producer.ts'
import {
  markRelayed,
  takeUnrelayed,
  type UnrelayedLetter,
} from '../platform/queries/dead-letter-relay.ts'
import type { Logger } from '../platform/telemetry.ts'
import { deadLetterTopic } from '../platform/topics.ts'

export interface RelayDeps {
  readonly config: Needed<'kafkaBrokers'>
  readonly pool: Pool
  readonly log: Logger
  /** Told how many letters the topic has got. */
  readonly onRelayed?: (letters: number) => void
}

// Also what another worker has left, or what came while nobody told us, is found within this.
const LOOK_EVERY_MS = 1_000
const BACK_OFF_MS_FIRST = 200
const BACK_OFF_MS_MAX = 30_000

/**
 * Copies dead letters from Postgres to the dead letter topic: each at least once, marked after Kafka has acknowledged
 * it. Workers share the letters by locking those that they have in hand. Whatever goes wrong here is said and tried
 * again later; the stream never waits for it, and letters wait where they are.
 */
export class DeadLetterRelay {
  readonly #deps: RelayDeps
  readonly #topic: string
  readonly #stop = new AbortController()
  readonly #cutOff = Promise.withResolvers<never>()
  #running: Promise<void> | undefined
  #producer: TopicProducer | undefined
  #isAwaited = false
  #rouse: (() => void) | undefined

  constructor(deps: RelayDeps) {
    this.#deps = deps
    this.#topic = deadLetterTopic(deps.config.topic)
    this.#cutOff.promise.catch(() => {})
  }

  /** Relays until `signal`, or until it is closed. */
  start(signal: AbortSignal): void {
    signal.addEventListener('abort', () => this.#beginStop(), { once: true })
    this.#running = this.#run()
  }

  /** There are new letters. */
  wake(): void {
    this.#isAwaited = true
    this.#rouse?.()
  }

  /** Finishes the batch in hand; one that hangs is cut off, and will be relayed by the next worker. */
  async close(): Promise<void> {
    this.#beginStop()
    await this.#running
    await Promise.race([this.#producer?.close(), this.#cutOff.promise]).catch(() => {})
  }

  #beginStop(): void {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    this.#rouse?.()
    const cutOff = () => this.#cutOff.reject(new Error('the process stops'))
    setTimeout(cutOff, DRAIN_MS_MAX).unref()
  }

  async #run(): Promise<void> {
    const { log } = this.#deps
    const { signal } = this.#stop
    let waitMs = BACK_OFF_MS_FIRST
    while (!signal.aborted) {
      try {
        this.#isAwaited = false
        const relayed = await this.#relayBatch()
        if (waitMs > BACK_OFF_MS_FIRST) log.info('dead letters are relayed again')
        waitMs = BACK_OFF_MS_FIRST
        if (relayed === 0 && !this.#isAwaited && !signal.aborted) await this.#sleep(LOOK_EVERY_MS)
      } catch (fault) {
        if (signal.aborted) return
        log.warn({ reason: (fault as Error).message, waitMs }, 'dead letters cannot be relayed yet')
        await pause(waitMs, undefined, { signal }).catch(() => {})
        waitMs = Math.min(2 * waitMs, BACK_OFF_MS_MAX)
      }
    }
  }

  async #relayBatch(): Promise<number> {
    const { pool, config, onRelayed } = this.#deps
    return await withConnection(pool, async (client) => {
      // A worker that hangs gives its letters back; Kafka may take longer than Postgres lets a batch of payments rest.
      // Statistics do not know yet of a flood that has just come: without a sort the index gives the order.
      await client.query(`begin;
        set local idle_in_transaction_session_timeout = ${RELAY_HELD_MS_MAX};
        set local enable_sort = off`)
      const letters = await takeUnrelayed(client, {
        topic: config.topic,
        rowsMax: RELAY_BATCH_ROWS_MAX,
        bytesMax: RELAY_BATCH_BYTES_MAX,
      })
      if (letters.length > 0) {
        await Promise.race([this.#send(letters), this.#cutOff.promise])
        await markRelayed(client, letters)
      }
      await client.query('commit')
      onRelayed?.(letters.length)
      return letters.length
    })
  }

  async #send(letters: readonly UnrelayedLetter[]): Promise<void> {
    const { config, log } = this.#deps
    this.#producer ??= await TopicProducer.connect(config, {
      clientId: 'upi-relay',
      topic: this.#topic,
      log,
      // An outage is waited for here, without holding a transaction open.
      outageMsMax: 0,
      signal: this.#stop.signal,
    })
    try {
      await this.#producer.send(letters.map(toMessage))
    } catch (fault) {
      if (!isTooLarge(fault)) throw fault
      for (const letter of letters) await this.#sendAlone(this.#producer, letter)
    }
  }

  /** What its topic does not take goes without key and value, and says so: both are in Postgres. */
  async #sendAlone(producer: TopicProducer, letter: UnrelayedLetter): Promise<void> {
    const message = toMessage(letter)
    try {
      await producer.send([message])
    } catch (fault) {
      if (!isTooLarge(fault)) throw fault
      const { partition, offset } = letter
      const omitted = `value of ${letter.value?.length ?? 0} bytes: more than ${this.#topic} takes`
      this.#deps.log.warn({ partition, offset, omitted }, 'a dead letter is relayed in part')
      await producer.send([{ key: null, value: null, headers: { ...message.headers, omitted } }])
    }
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#rouse = resolve
    await promise
    clearTimeout(timer)
    this.#rouse = undefined
  }
}

/** The message as it was, with why it was refused and where it lies in its headers. */
function toMessage(letter: UnrelayedLetter): OutgoingMessage {
  return {
    key: letter.key,
    value: letter.value,
    headers: {
      code: letter.code,
      reasons: letter.reasons.join(','),
      ...(letter.detail === null ? {} : { detail: letter.detail }),
      topic: letter.topic,
      partition: String(letter.partition),
      offset: letter.offset,
      epoch: String(letter.epoch),
      timestamp: letter.timestamp.toISOString(),
    },
  }
}
