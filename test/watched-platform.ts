import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import { afterAll, beforeAll } from 'vitest'
import { need } from '../platform/config.ts'
import { type HealthServer, serveHealth } from '../platform/health-server.ts'
import { connectClient, type TemporalClient } from '../platform/temporal.ts'
import { freePort } from './free-port.ts'
import { type CliRun, eventually, type OwnStack, runCli, startCli } from './harness.ts'
import { OwnTopic } from './own-topic.ts'
import { type Shortened, startPrometheus, type WatchingPrometheus } from './watching-prometheus.ts'

/** Gives a test file a stream and a worker of its own, and a Prometheus that watches them. */
export function useWatchedPlatform(own: OwnStack, shortened: Shortened): WatchedPlatform {
  const platform = new WatchedPlatform(own, shortened)
  beforeAll(() => platform.start())
  afterAll(() => platform.stop())
  return platform
}

// What is read every ten seconds is seen by then, and what must last lasts some seconds more.
const WAIT_MS_MAX = 60_000
const HOST = '127.0.0.1'
const SETTLED =
  'min(count_over_time(upi_facts_up[1m])) > 2 and on () min_over_time(upi_stream_ready[2s]) == 1'

export class WatchedPlatform {
  readonly topic: OwnTopic
  /** All alerts that have ever fired. */
  readonly seen = new Set<string>()
  readonly backups: string
  client!: Client
  stream!: CliRun
  worker!: CliRun
  /** What a page beside those of the processes shows: what no test can make of the machine that it runs on. */
  page = ''
  readonly #own: OwnStack
  readonly #shortened: Shortened
  #ports: readonly number[] = []
  #temporal: TemporalClient | undefined
  #served: HealthServer | undefined
  #prometheus: WatchingPrometheus | undefined

  constructor(own: OwnStack, shortened: Shortened) {
    this.topic = new OwnTopic(own)
    this.backups = join(own.env.UPI_HOME as string, 'backups')
    this.#own = own
    this.#shortened = shortened
  }

  get env(): Record<string, string> {
    return { ...this.topic.env, UPI_BACKUP_DIR: this.backups }
  }

  async start(): Promise<void> {
    this.topic.open()
    await this.topic.begin(`${this.#own.name}_1`)
    this.#ports = [await freePort(), await freePort(), await freePort()]
    const [ofStream, ofWorker, port = 0] = this.#ports
    const contentType = 'text/plain; version=0.0.4'
    const metrics = { contentType, metrics: async () => this.page }
    this.#served = await serveHealth({ host: HOST, port, metrics, readiness: () => undefined })
    this.#temporal = await connectClient(need(this.#own.configFor(), 'temporalAddress'))
    this.client = this.#temporal.client
    await runCli(['schedules', 'apply'], this.env)
    // So that it is the test that says when a refresh runs.
    await this.client.schedule.getHandle('upi-refresh').update(({ spec: _, ...schedule }) => ({
      ...schedule,
      spec: { calendars: [{ year: 2099 }] },
    }))
    this.startStream()
    this.startWorker()
    const targets = {
      stream: [`${HOST}:${ofStream}`],
      worker: [`${HOST}:${ofWorker}`, `${HOST}:${port}`],
    }
    this.#prometheus = await startPrometheus(targets, this.#shortened)
  }

  startStream(): void {
    this.stream = startCli(['stream'], { ...this.env, UPI_METRICS_PORT: String(this.#ports[0]) })
  }

  startWorker(): void {
    this.worker = startCli(['worker'], { ...this.env, UPI_METRICS_PORT: String(this.#ports[1]) })
  }

  /** Waits until both do their work and Prometheus has seen it more than once: what comes next is a change to it. */
  async settle(): Promise<void> {
    const isSeen = async () => (await this.#prometheus?.knows(SETTLED)) ?? false
    await eventually(isSeen, Boolean, WAIT_MS_MAX)
  }

  /** The names of the alerts that fire now. */
  async firing(): Promise<string[]> {
    const alerts = (await this.#prometheus?.firing()) ?? []
    for (const { labels, annotations } of alerts) {
      this.seen.add(labels.alertname ?? '')
      if (/<error|<no value>/.test(annotations.summary ?? '')) throw new Error(annotations.summary)
    }
    return [...new Set(alerts.map(({ labels }) => labels.alertname ?? ''))].toSorted()
  }

  /** Waits until each of these has fired, whatever else does; some end by themselves. */
  async fires(names: readonly string[]): Promise<void> {
    const heard = new Set<string>()
    const silent = async () => {
      for (const name of await this.firing()) heard.add(name)
      return names.filter((name) => !heard.has(name))
    }
    await eventually(silent, ({ length }) => length === 0, WAIT_MS_MAX)
  }

  /** Waits until none of these fires any more. */
  async clears(names: readonly string[]): Promise<void> {
    const loud = async () => (await this.firing()).filter((name) => names.includes(name))
    await eventually(loud, ({ length }) => length === 0, WAIT_MS_MAX)
  }

  async stop(): Promise<void> {
    await this.#prometheus?.stop()
    for (const run of [this.stream, this.worker]) run?.kill()
    await Promise.all([this.stream?.ended, this.worker?.ended])
    await this.#served?.close()
    await this.#temporal?.connection.close()
    await this.topic.end()
  }
}
