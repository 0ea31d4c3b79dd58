import { setTimeout as pause } from 'node:timers/promises'
import type { Producer } from 'kafkajs'
import type pg from 'pg'
import type { UpiMessage } from '../../core/message.ts'
import { businessDateOf } from '../../core/time.ts'
import { createKafka } from '../../platform/kafka.ts'
import { partitionOf } from '../../platform/partitioner.ts'
import { createLogger } from '../../platform/telemetry.ts'
import { aMessage } from '../factories.ts'
import type { BenchTopic } from './bench-places.ts'

/** One payment that is followed from its sending to its row; instants of `performance.now()`. */
export interface Sentinel {
  readonly id: string
  readonly partition: number
  readonly sentAt: number
  ackedAt?: number
  visibleAt?: number
}

// What a poll finds late is found at most so much late; a millisecond is also the least that a timer waits.
const LOOK_EVERY_MS = 1

/**
 * Sends payments of its own beside the traffic and watches, on a connection of its own, when their rows can be seen: what
 * a reader of the table would see, without a word from the worker.
 */
export class Sentinels {
  readonly all: Sentinel[] = []
  readonly #topic: BenchTopic
  readonly #producer: Producer
  readonly #observer: pg.Client
  readonly #date = businessDateOf(Date.now() * 1000)
  readonly #open = new Map<string, Sentinel>()
  #fault: unknown

  private constructor(topic: BenchTopic, producer: Producer, observer: pg.Client) {
    this.#topic = topic
    this.#producer = producer
    this.#observer = observer
  }

  /** Connects the producer that sends them. */
  static async open(topic: BenchTopic, observer: pg.Client): Promise<Sentinels> {
    const log = createLogger({ process: 'bench', level: 'warn', pretty: false })
    const producer = createKafka(topic.config, 'upi-bench-sentinel', log).producer({
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    })
    await producer.connect()
    return new Sentinels(topic, producer, observer)
  }

  /** Sends one to a partition; does not wait. */
  send(partition: number): Sentinel {
    const timestamp = new Date().toISOString()
    const message = messageOf(partition, this.#topic.partitions, timestamp)
    const sentinel: Sentinel = { id: message.txn_id, partition, sentAt: performance.now() }
    this.all.push(sentinel)
    this.#open.set(sentinel.id, sentinel)
    this.#producer
      .send({
        topic: this.#topic.name,
        acks: -1,
        messages: [{ key: sentinel.id, value: JSON.stringify(message), partition }],
      })
      .then(
        () => {
          sentinel.ackedAt = performance.now()
        },
        (fault) => {
          this.#fault ??= fault
        },
      )
    return sentinel
  }

  /** Sends one to each partition in turn, evenly spaced, until `end`, and waits until the last is seen. */
  async sendUntil(
    end: number,
    { everyMs, signal, check }: { everyMs: number; signal: AbortSignal; check: () => void },
  ): Promise<void> {
    let dueAt = performance.now()
    for (let sent = 0; performance.now() < end; ) {
      if (performance.now() >= dueAt) {
        this.send(sent++ % this.#topic.partitions)
        dueAt += everyMs
      }
      await this.look(signal)
      check()
    }
    await this.untilSeen(signal, check)
  }

  /** Looks until all that were sent are seen. */
  async untilSeen(signal: AbortSignal, check: () => void): Promise<void> {
    const giveUpAt = performance.now() + SEEN_MS_MAX
    while (this.#open.size > 0) {
      if (performance.now() > giveUpAt) throw new Error(`${this.#open.size} payments are not seen`)
      await this.look(signal)
      check()
    }
  }

  /** Looks once for those that are underway, and waits a moment. */
  async look(signal: AbortSignal): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault
    if (this.#open.size > 0) {
      const { rows } = await this.#observer.query<{ id: string }>({
        name: 'sentinels',
        text: `select txn_id as id from clean_upi_transactions
                where business_date = any($1::date[]) and txn_id = any($2)`,
        values: [this.#dates(), [...this.#open.keys()]],
      })
      const now = performance.now()
      for (const { id } of rows) {
        const sentinel = this.#open.get(id)
        if (sentinel !== undefined) sentinel.visibleAt = now
        this.#open.delete(id)
      }
    }
    await pause(LOOK_EVERY_MS, undefined, { signal })
  }

  async close(): Promise<void> {
    await this.#producer.disconnect()
  }

  // A bench may run over midnight.
  #dates(): string[] {
    return [...new Set([this.#date, businessDateOf(Date.now() * 1000)])]
  }
}

const SEEN_MS_MAX = 60_000

// Under a key that belongs in the partition, as those of producers do.
function messageOf(partition: number, partitions: number, timestamp: string): UpiMessage {
  for (;;) {
    const message = aMessage({ timestamp })
    if (partitionOf(Buffer.from(message.txn_id), partitions) === partition) return message
  }
}
