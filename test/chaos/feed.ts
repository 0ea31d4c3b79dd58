import { setTimeout as sleep } from 'node:timers/promises'
import { createTraffic } from '../../core/traffic/traffic.ts'
import type { TopicProducer } from '../../platform/producer.ts'
import type { Entry, Ledger } from './ledger.ts'
import type { Mixer } from './mix.ts'

const TICK_MS = 50
const SENT_AT_ONCE = 500
const RECENT_MAX = 5_000
// A third of all transactions has something go wrong of itself.
const FAULTY_SHARE = 0.3

/** Sends traffic until it is stopped, and writes down what became of each message. */
export class Feed {
  readonly #producer: TopicProducer
  readonly #ledger: Ledger
  readonly #mixer: Mixer
  readonly #pending = new Set<Promise<void>>()
  /** Why it is not known of some messages whether Kafka has them. */
  readonly reasons = new Set<string>()
  #recent: Entry[] = []

  constructor(parts: { producer: TopicProducer; ledger: Ledger; mixer: Mixer }) {
    this.#producer = parts.producer
    this.#ledger = parts.ledger
    this.#mixer = parts.mixer
  }

  /** Sends live traffic until `signal`, and then waits until it is known of each message whether Kafka has it. */
  async run(options: { seed: string; perSecond: number; signal: AbortSignal }): Promise<void> {
    const { seed, perSecond, signal } = options
    const traffic = createTraffic({
      seed,
      from: Date.now(),
      ratePerSecond: perSecond,
      faults: FAULTY_SHARE,
    })
    while (!signal.aborted) {
      const due = traffic.due(Date.now(), SENT_AT_ONCE)
      if (due.length > 0) await this.send(this.#mixer.mix(due))
      if (due.length < SENT_AT_ONCE) await sleep(TICK_MS, undefined, { signal }).catch(() => {})
    }
    await Promise.all(this.#pending)
  }

  garbage(count: number): Promise<void> {
    return this.send(this.#mixer.garbage(count))
  }

  /** Sends once more what was sent last. */
  replay(): Promise<void> {
    return this.send(this.#mixer.replay(this.#recent))
  }

  /** Hands messages over to the producer; waits only when there are many before them. */
  async send(entries: readonly Entry[]): Promise<void> {
    this.#recent = [...this.#recent, ...entries].slice(-RECENT_MAX)
    const sent = this.#producer.send(entries.map(({ message }) => message))
    const noted = sent.then(
      () => this.#ledger.note(entries, 'acknowledged'),
      (fault: Error) => {
        this.#ledger.note(entries, 'unknown')
        this.reasons.add(fault.message)
      },
    )
    const pending = noted.finally(() => this.#pending.delete(pending))
    this.#pending.add(pending)
    if (this.#pending.size > PENDING_MAX) await Promise.race(this.#pending)
  }
}

const PENDING_MAX = 20
