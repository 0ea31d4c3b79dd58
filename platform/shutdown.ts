import { EXIT_INTERRUPTED } from '../core/errors.ts'
import type { Logger } from './telemetry.ts'

type Close = () => Promise<unknown> | unknown

/**
 * The life of a process: what was opened is closed in reverse order, once, on SIGTERM, SIGINT or a fault. A second
 * signal means that somebody is tired of waiting.
 */
export class Shutdown {
  readonly #closers: { name: string; close: Close }[] = []
  readonly #abort = new AbortController()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (this.#abort.signal.aborted) process.exit(EXIT_INTERRUPTED)
        this.#log.info({ signal }, 'stopping')
        this.#abort.abort()
      })
    }
  }

  /** Aborted as soon as the process is asked to stop. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Registers what must be closed; the last registered is closed first. */
  add(name: string, close: Close): void {
    this.#closers.push({ name, close })
  }

  /** Settles when the process has been asked to stop. */
  async requested(): Promise<void> {
    if (this.signal.aborted) return
    await new Promise((resolve) => this.signal.addEventListener('abort', resolve, { once: true }))
  }

  /** Closes all, in reverse order; a closer that fails is reported and does not keep the others open. */
  async close(): Promise<void> {
    for (let next = this.#closers.pop(); next !== undefined; next = this.#closers.pop()) {
      try {
        await next.close()
      } catch (err) {
        this.#log.warn({ err, part: next.name }, 'could not be closed')
      }
    }
  }
}
