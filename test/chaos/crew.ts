import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandOf, type PrivateStack } from './private-stack.ts'
import { CutProxy } from './proxy.ts'

/** A worker that ended without being asked to. */
export interface Crash {
  readonly worker: number
  readonly end: string
  readonly words: string
}

const RESTART_MS = 300
const DRAIN_MS_MAX = 30_000

/** One place for a `./upi stream`: started again when it ends, always behind the same proxy. */
export class Worker {
  readonly place: number
  readonly proxy: CutProxy
  readonly crashes: Crash[] = []
  readonly #stack: PrivateStack
  #child: ChildProcess | undefined
  #isWanted = true
  #isDoomed = false
  #loop: Promise<void> = Promise.resolve()

  private constructor(stack: PrivateStack, place: number, proxy: CutProxy) {
    this.#stack = stack
    this.place = place
    this.proxy = proxy
  }

  static async start(stack: PrivateStack, place: number): Promise<Worker> {
    const { hostname: host, port } = new URL(stack.config.ingestDatabaseUrl as string)
    const proxy = await CutProxy.open({ host, port: Number(port) })
    const worker = new Worker(stack, place, proxy)
    worker.#loop = worker.#keepRunning()
    return worker
  }

  /** Whether there is a process now that has not been told to end. */
  get isRunning(): boolean {
    return this.#child !== undefined && !this.#isDoomed
  }

  get logPath(): string {
    return join(this.#stack.home, 'logs', `worker-${this.place}.log`)
  }

  /** Sends a signal; one that ends the process makes its end no crash. */
  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL' || signal === 'SIGTERM') this.#isDoomed = true
    this.#child?.kill(signal)
  }

  /** Drains it and leaves it away for a while. */
  async leave(millis: number): Promise<void> {
    this.#isWanted = false
    await this.#drain()
    await sleep(millis)
    this.#isWanted = true
    this.#loop = this.#keepRunning()
  }

  /** Drains it for good. */
  async stop(): Promise<void> {
    this.#isWanted = false
    await this.#drain()
    await this.proxy.close()
  }

  /** Ends it at once, if it runs; for a run that is given up. */
  async abandon(): Promise<void> {
    this.#isWanted = false
    this.signal('SIGKILL')
    await this.#loop
    await this.proxy.close()
  }

  async #drain(): Promise<void> {
    this.signal('SIGCONT')
    this.signal('SIGTERM')
    const isDrained = await Promise.race([
      this.#loop.then(() => true),
      sleep(DRAIN_MS_MAX, false, { ref: false }),
    ])
    if (isDrained) return
    this.#noteCrash('did not end within 30 s of SIGTERM')
    this.signal('SIGKILL')
    await this.#loop
  }

  async #keepRunning(): Promise<void> {
    while (this.#isWanted) {
      await this.#runOnce()
      if (this.#isWanted) await sleep(RESTART_MS)
    }
  }

  async #runOnce(): Promise<void> {
    const url = new URL(this.#stack.config.ingestDatabaseUrl as string)
    url.port = String(this.proxy.port)
    const log = openSync(this.logPath, 'a')
    const [node, args] = commandOf('stream')
    const env = { ...this.#stack.env, INGEST_DATABASE_URL: url.href }
    const child = spawn(node, args, { env, stdio: ['ignore', log, log] })
    closeSync(log)
    this.#isDoomed = false
    this.#child = child
    const [code, signal] = await once(child, 'exit')
    this.#child = undefined
    const isAsked = this.#isDoomed && (signal !== null || code === 0)
    if (!isAsked)
      this.#noteCrash(signal === null ? `ended with code ${code}` : `ended by ${signal}`)
  }

  #noteCrash(end: string): void {
    const words = readFileSync(this.logPath, 'utf8').trimEnd().split('\n').at(-1) ?? ''
    this.crashes.push({ worker: this.place, end, words: words.slice(0, 300) })
  }
}
