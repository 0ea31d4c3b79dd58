import type { Logger } from '../platform/telemetry.ts'
import type { Tally } from '../platform/traffic-outlets.ts'
import { formatSpan, Progress } from './output.ts'

const LOG_EVERY_MS = 60_000

// What is done sooner needs no progress.
const QUIET_MS = 1_000

/** Shows how far the traffic is: on a terminal as it goes; of a live process, a line in its log now and then. */
export class TrafficReport {
  readonly #log: Logger
  readonly #options: { tally: Tally; isTerminal: boolean; isLive: boolean }
  readonly #progress = new Progress()
  readonly #since = performance.now()
  #transactions = 0
  #last = { at: this.#since, messages: 0 }

  constructor(log: Logger, options: { tally: Tally; isTerminal: boolean; isLive: boolean }) {
    this.#log = log
    this.#options = options
  }

  update(transactions: number): void {
    this.#transactions = transactions
    const { isTerminal, isLive } = this.#options
    if (performance.now() - this.#since < QUIET_MS) return
    if (isTerminal || !isLive) this.#progress.update(this.#text())
    else this.#logNowAndThen()
  }

  finish(): void {
    const span = formatSpan(performance.now() - this.#since)
    this.#progress.done(`${this.#text()} in ${span}`)
  }

  #logNowAndThen(): void {
    const { tally } = this.#options
    const now = performance.now()
    const span = now - this.#last.at
    if (span < LOG_EVERY_MS) return
    const rate = Math.round(((tally.messages - this.#last.messages) / span) * 1000)
    this.#log.info({ messages: tally.messages, rate }, 'traffic sent')
    this.#last = { at: now, messages: tally.messages }
  }

  #text(): string {
    const { messages, bytes } = this.#options.tally
    const rate = Math.round(messages / Math.max(0.001, (performance.now() - this.#since) / 1000))
    const [many, begun, fast] = [messages, this.#transactions, rate].map((n) =>
      n.toLocaleString('en'),
    )
    return `${many} messages of ${begun} transactions, ${fast}/s, ${(bytes / 1e6).toFixed(1)} MB`
  }
}
