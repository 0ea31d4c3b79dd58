import { appendFile } from 'node:fs/promises'
import { setTimeout as after } from 'node:timers/promises'
import {
  LINEAGE_ANSWER_MS_MAX,
  LINEAGE_CLOSE_MS_MAX,
  LINEAGE_EVENTS_QUEUED_MAX,
  LINEAGE_FAILURES_MAX,
} from '../core/limits.ts'
import type { Config } from './config.ts'
import { hostOf, refusePlaintext } from './transport.ts'

/** Sends events of lineage in their order, beside the work: it never waits for them and never fails by them. */
export interface LineageOutlet {
  send(event: object): void
  /** Waits, up to a limit, for what is on its way; says in one line what was lost. */
  close(): Promise<void>
}

/** Opens the outlet that the settings name, or none. `warn` is told once, at the end. */
export function openLineageOutlet(
  config: Config,
  warn: (line: string) => void,
): LineageOutlet | undefined {
  const { openlineageUrl, openlineageFile } = config
  const ways = [
    ...(openlineageUrl === undefined ? [] : [httpWay(config, openlineageUrl)]),
    ...(openlineageFile === undefined ? [] : [fileWay(openlineageFile)]),
  ]
  if (ways.length === 0) return undefined
  const queues = ways.map((way) => new Queue(way))
  return {
    send: (event) => {
      for (const queue of queues) queue.add(JSON.stringify(event))
    },
    close: async () => {
      const faults = await Promise.all(queues.map((queue) => queue.close()))
      for (const fault of faults) if (fault !== undefined) warn(fault)
    },
  }
}

/** One way out. */
interface Way {
  /** To be shown: without credentials. */
  readonly to: string
  deliver(line: string, signal: AbortSignal): Promise<void>
}

class Queue {
  readonly #way: Way
  readonly #waiting: string[] = []
  readonly #stop = new AbortController()
  #sending: Promise<void> | undefined
  #lost = 0
  #failures = 0
  #reason = ''

  constructor(way: Way) {
    this.#way = way
  }

  add(line: string): void {
    if (this.#failures === LINEAGE_FAILURES_MAX) this.#lose(1, this.#reason)
    else if (this.#waiting.length === LINEAGE_EVENTS_QUEUED_MAX) this.#lose(1, 'too slow')
    else {
      this.#waiting.push(line)
      this.#sending ??= this.#send()
    }
  }

  async close(): Promise<string | undefined> {
    const patience = new AbortController()
    const late = after(LINEAGE_CLOSE_MS_MAX, 'late', patience).catch(() => undefined)
    if ((await Promise.race([this.#sending, late])) === 'late') {
      this.#lose(this.#waiting.splice(0).length, 'too slow')
      this.#stop.abort(new Error('too slow'))
      await this.#sending
    }
    patience.abort()
    if (this.#lost === 0) return undefined
    return `lineage: ${this.#lost} events did not reach ${this.#way.to}: ${this.#reason}`
  }

  async #send(): Promise<void> {
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      try {
        const limit = AbortSignal.timeout(LINEAGE_ANSWER_MS_MAX)
        await this.#way.deliver(line, AbortSignal.any([limit, this.#stop.signal]))
        this.#failures = 0
      } catch (fault) {
        this.#failures += 1
        this.#lose(1, reasonOf(fault as Error))
        if (this.#failures === LINEAGE_FAILURES_MAX) {
          this.#lose(this.#waiting.splice(0).length, this.#reason)
        }
      }
    }
    this.#sending = undefined
  }

  #lose(events: number, reason: string): void {
    this.#lost += events
    if (events > 0) this.#reason = reason
  }
}

function httpWay(config: Config, base: string): Way {
  const url = new URL(`${base}/${config.openlineageEndpoint.replace(/^\/+/, '')}`)
  if (url.protocol !== 'https:') {
    refusePlaintext(config, 'the receiver of lineage', hostOf(url.hostname))
  }
  const { openlineageApiKey: key } = config
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  }
  return {
    to: url.host,
    deliver: async (body, signal) => {
      const init = { method: 'POST', headers, body, signal, redirect: 'error' } as const
      const response = await fetch(url, init)
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`answers ${response.status}`)
    },
  }
}

function fileWay(path: string): Way {
  return { to: path, deliver: async (line) => await appendFile(path, `${line}\n`) }
}

// fetch says no more than "fetch failed"; what happened is its cause.
function reasonOf(fault: Error): string {
  if (fault.name === 'TimeoutError') return `no answer within ${LINEAGE_ANSWER_MS_MAX} ms`
  const { message, code } = (fault.cause ?? fault) as { message?: string; code?: string }
  return message || code || fault.message
}
