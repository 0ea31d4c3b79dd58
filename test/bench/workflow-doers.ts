import { setTimeout as pause } from 'node:timers/promises'
import type { BackfillAsked, BackfillResult } from '../../core/backfill.ts'
import type { BookState } from '../../core/book-state.ts'
import type { BusinessDate } from '../../core/time.ts'
import { hasChanged } from '../../models/warehouse/build-day.ts'
import type { Config } from '../../platform/config.ts'
import { connectClient, type TemporalClient } from '../../platform/temporal.ts'
import { startBackfill } from '../../platform/temporal-backfills.ts'
import type { DailyUpiAggregationResult } from '../../workflows/daily-upi-aggregation.ts'
import { freePort } from '../free-port.ts'
import type { Environment } from './bench-servers.ts'
import { type PlatformProcess, startProcess } from './platform-process.ts'

/** Who builds and closes days: the workflows, or their statements without them. Fails if a day is not as it should be. */
export interface DayDoer {
  daily(date: BusinessDate): Promise<void>
  backfill(asked: BackfillAsked, days: number): Promise<void>
}

const ACTOR = 'bench'
const READY_MS_MAX = 60_000
const LOOK_EVERY_MS = 50

/** A worker as `./upi worker` starts it, and a client that starts runs and awaits their results. */
export class Workflows implements DayDoer {
  readonly #temporal: TemporalClient
  readonly #worker: PlatformProcess
  readonly #taskQueue: string
  readonly #hasRows: boolean

  private constructor(
    temporal: TemporalClient,
    worker: PlatformProcess,
    { taskQueue, hasRows }: { taskQueue: string; hasRows: boolean },
  ) {
    this.#temporal = temporal
    this.#worker = worker
    this.#taskQueue = taskQueue
    this.#hasRows = hasRows
  }

  /** Starts the worker and waits until it takes work. */
  static async open(
    config: Config & { readonly temporalAddress: string },
    env: Environment,
    { hasRows, signal }: { hasRows: boolean; signal: AbortSignal },
  ): Promise<Workflows> {
    const port = await freePort()
    const worker = startProcess(['worker'], { ...env, UPI_METRICS_PORT: String(port) })
    try {
      await untilReady(`http://127.0.0.1:${port}/readyz`, worker, signal)
      const temporal = await connectClient(config)
      return new Workflows(temporal, worker, { taskQueue: config.temporalTaskQueue, hasRows })
    } catch (fault) {
      await worker.stop('SIGKILL')
      throw fault
    }
  }

  get pid(): number {
    return this.#worker.pid
  }

  /** Throws once the worker has ended: nobody would end the run that is waited for. */
  check(): void {
    this.#worker.check()
  }

  async daily(date: BusinessDate): Promise<void> {
    const result: DailyUpiAggregationResult = await this.#temporal.client.workflow.execute(
      'dailyUpiAggregation',
      {
        workflowId: `daily-upi-aggregation/${date}`,
        taskQueue: this.#taskQueue,
        args: [{ date, actor: ACTOR }],
      },
    )
    const { state, runs, books } = result
    requireBalanced(books)
    if (state === 'closed' && runs.some(hasChanged) === this.#hasRows) return
    throw new Error(`${date} is ${state}, ${this.#hasRows ? 'unchanged' : 'changed'}`)
  }

  async backfill(asked: BackfillAsked, days: number): Promise<void> {
    const by = { actor: ACTOR, taskQueue: this.#taskQueue }
    const { handle } = await startBackfill(this.#temporal.client, asked, by)
    const { state, total, done, failed, books }: BackfillResult = await handle.result()
    if (this.#hasRows) requireBalanced(books)
    if (state === 'done' && total === days && done === days) return
    throw new Error(
      `${handle.workflowId} is ${state}: ${done} of ${total} days, ${days} wanted; ${failed[0]?.error ?? 'none failed'}`,
    )
  }

  async close(): Promise<void> {
    await this.#worker.stop('SIGTERM')
    await this.#temporal.connection.close()
  }
}

/** Fails unless the sums of raw, clean and live figures agree. */
export function requireBalanced(state: BookState | undefined): void {
  if (state !== 'balanced') throw new Error(`the books are ${state ?? 'not compared'}`)
}

async function untilReady(
  url: string,
  worker: PlatformProcess,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + READY_MS_MAX
  while (!(await isReady(url))) {
    worker.check()
    if (performance.now() > end) throw new Error(`the worker is not ready after ${READY_MS_MAX} ms`)
    await pause(LOOK_EVERY_MS, undefined, { signal })
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
