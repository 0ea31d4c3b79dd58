import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { MetricsText } from './health-server.ts'

const ANSWER_MS_MAX = 1_000

/**
 * What Prometheus sees of a worker: the process (`process_…`, `nodejs_…`), the facts that it tells of the platform
 * (`upi_…`), and what Temporal's own library counts (`temporal_…`), which it serves on an address of its own.
 */
export class WorkerMetrics implements MetricsText {
  readonly #own = new Registry()
  readonly #others: Registry[] = []
  readonly #address: string | undefined

  constructor(address: string | undefined) {
    collectDefaultMetrics({ register: this.#own })
    this.#address = address
  }

  /** Shows what another registry holds as well, from now on. */
  add(registry: Registry): void {
    this.#others.push(registry)
  }

  get contentType(): string {
    return this.#own.contentType
  }

  async metrics(): Promise<string> {
    const registries = [this.#own, ...this.#others].map((registry) => registry.metrics())
    const [library, ...texts] = await Promise.all([this.#library(), ...registries])
    return `${texts.join('')}${library}`
  }

  // Before the library is up, and should it fail, the rest is shown all the same.
  async #library(): Promise<string> {
    if (this.#address === undefined) return ''
    try {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX)
      const answer = await fetch(`http://${this.#address}/metrics`, { signal })
      return answer.ok ? await answer.text() : ''
    } catch {
      return ''
    }
  }
}

/** An address of this machine that is free now: the library takes no port 0. */
export async function freeLoopbackAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${port}`
}
