import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import {
  type BackfillAsked,
  type BackfillInput,
  type BackfillProgress,
  type BackfillResult,
  backfillId,
  checkBackfill,
  concurrencyFault,
  type DayReason,
} from '../core/backfill.ts'
import type { BookState } from '../core/book-state.ts'
import {
  BACKFILL_DAYS_PER_RUN_MAX,
  BACKFILL_REASONS_SHOWN_MAX,
  EMPTY_DAYS_PER_STEP,
} from '../core/limits.ts'
import { LONG } from './activity-options.ts'
import { UPI_BACKFILL, UPI_MODEL } from './search-attributes.ts'
import { awaitStream } from './steps/await-stream.ts'
import { buildOneDay } from './steps/build-one-day.ts'
import { fieldsOf } from './steps/fields-of.ts'

const { planBackfill, settleEmptyDays, buildFollowers, reconcileSums } =
  proxyActivities<Activities>(LONG)

const progressQuery = defineQuery<BackfillProgress>('progress')
const pauseUpdate = defineUpdate<void>('pause')
const resumeUpdate = defineUpdate<void>('resume')
const setConcurrencyUpdate = defineUpdate<void, [number]>('setConcurrency')

/** What one run of a backfill hands to the next. */
interface Carried {
  left: DayReason[]
  readonly total: number
  readonly upToDate: number
  readonly skipped: readonly DayReason[]
  readonly startedAt: number
  done: number
  failed: { date: string; error: string }[]
  /** Whether any day had rows: something may follow from it, whichever try of its build has changed it. */
  hasRows: boolean
  concurrency: number
  isPaused: boolean
  pausedMs: number
}

/**
 * Builds and closes the days of a range that need it: those without rows many in one step, the others so many at a
 * time, each as the child `daily-upi-aggregation/<date>` on the task queue of heavy work. Plans from the ledger, waits
 * once for the stream, collects days that fail. Query `progress`; updates `pause`, `resume`, `setConcurrency`.
 * Cancelled, it cancels its days: each is built and closed, or as it was.
 *
 * Id: `backfill/<from>..<to>`. Input: `{"from": "2026-01-01", "to": "2026-01-31", "mode": "missing", "concurrency": 4,
 * "order": "newest", "actor": "asha"}`, of which only `from` and `to` are needed; `mode` is missing, failed or all,
 * `order` newest or oldest. The second argument is its own.
 */
export async function backfillRange(
  input: BackfillInput,
  carried?: Carried,
): Promise<BackfillResult> {
  const asked = checkBackfill(fieldsOf(input, FIELDS) as BackfillInput)
  if (typeof asked === 'string') throw ApplicationFailure.nonRetryable(asked, 'OPTION_INVALID')
  return await new Backfill(asked, input.actor ?? 'temporal', carried).run()
}

const FIELDS = ['from', 'to', 'mode', 'concurrency', 'order', 'actor'] as const

class Backfill {
  readonly #asked: BackfillAsked
  readonly #actor: string
  readonly #running = new Set<string>()
  #state: BackfillProgress['state'] = 'planning'
  #pausedAt: number | undefined
  #book: Carried

  constructor(asked: BackfillAsked, actor: string, carried?: Carried) {
    this.#asked = asked
    this.#actor = actor
    const now = Date.now()
    this.#book = carried ?? {
      ...{ left: [], total: 0, upToDate: 0, skipped: [], startedAt: now, done: 0, failed: [] },
      ...{ hasRows: false, concurrency: asked.concurrency, isPaused: false, pausedMs: 0 },
    }
    if (this.#book.isPaused) this.#pausedAt = now
    if (carried !== undefined) this.#state = 'running'
    this.#listen()
  }

  async run(): Promise<BackfillResult> {
    if (this.#state === 'planning') {
      await this.#plan()
      if (this.#book.total === 0) return this.#result()
      this.#tell('waiting for the stream')
      await awaitStream(backfillId(this.#asked))
      await this.#settleEmptyDays()
    }
    this.#tell('running')
    try {
      await this.#buildDays()
    } catch (error) {
      if (isCancellation(error)) await CancellationScope.nonCancellable(() => this.#cleanUp())
      throw error
    }
    if (this.#book.left.length > 0) await this.#goOn()
    this.#tell('finishing')
    await this.#follow()
    return this.#result(await this.#reconcile())
  }

  async #plan(): Promise<void> {
    upsertSearchAttributes([
      { key: UPI_BACKFILL, value: backfillId(this.#asked) },
      { key: UPI_MODEL, value: 'all' },
    ])
    this.#tell('planning')
    const plan = await planBackfill({ asked: this.#asked, actor: this.#actor })
    const { days, skipped, upToDate } = plan
    this.#book = { ...this.#book, left: [...days], total: days.length, skipped, upToDate }
  }

  // Most days of a long range have no rows: as a child each would cost the server more than Postgres.
  async #settleEmptyDays(): Promise<void> {
    const book = this.#book
    const actor = this.#actor
    const days = [...book.left]
    const left: DayReason[] = []
    this.#tell('running')
    while (days.length > 0) {
      await condition(() => !book.isPaused)
      const step = days.splice(0, EMPTY_DAYS_PER_STEP)
      const tasks = step.map(({ date, reason }) => ({ date, actor, reason: `backfill: ${reason}` }))
      const settled = new Set(await settleEmptyDays(tasks))
      left.push(...step.filter(({ date }) => !settled.has(date)))
      book.done += settled.size
      this.#tell('running')
    }
    book.left = left
  }

  /** Keeps as many days going as are wanted; ends when all are through, or when this run's history is long enough. */
  async #buildDays(): Promise<void> {
    const book = this.#book
    for (let begun = 0; book.left.length > 0 && !isLongEnough(begun); begun += 1) {
      await condition(() => !book.isPaused && this.#running.size < book.concurrency)
      const day = book.left.shift() as DayReason
      this.#running.add(day.date)
      book.hasRows = true
      void this.#build(day)
    }
    await condition(() => this.#running.size === 0)
  }

  async #build(day: DayReason): Promise<void> {
    const scope = CancellationScope.current()
    const id = backfillId(this.#asked)
    const error = await buildOneDay(day, { actor: this.#actor, id })
    this.#running.delete(day.date)
    if (scope.consideredCancelled && error !== undefined) return
    this.#note(day.date, error)
    this.#tell(this.#state)
  }

  #note(date: string, error: string | undefined): void {
    const book = this.#book
    if (error === undefined) {
      book.done += 1
      return
    }
    const isTold = book.failed.length < BACKFILL_REASONS_SHOWN_MAX
    book.failed.push({ date, error: isTold ? error : 'see the ledger' })
  }

  // Days in hand are let end before the next run: who waits for them is this one.
  async #goOn(): Promise<never> {
    await condition(allHandlersFinished)
    this.#keepTime()
    return await continueAsNew<typeof backfillRange>(
      { ...this.#asked, actor: this.#actor },
      this.#book,
    )
  }

  /** Cancelled days roll back by themselves; what the others have changed is followed up. */
  async #cleanUp(): Promise<void> {
    await condition(() => this.#running.size === 0)
    await this.#follow()
    const { done, total } = this.#book
    setCurrentDetails(`Cancelled: ${done} of ${total} days are built and closed.`)
  }

  async #follow(): Promise<void> {
    if (!this.#book.hasRows) return
    await buildFollowers({ actor: this.#actor, reason: backfillId(this.#asked) })
  }

  /** Once for all its days: what is wrong with the books is told, and no reason to take back what was built from them. */
  async #reconcile(): Promise<BookState | undefined> {
    if (!this.#book.hasRows) return undefined
    const { from, to } = this.#asked
    return (await reconcileSums({ from, to, actor: this.#actor })).state
  }

  #listen(): void {
    const book = () => this.#book
    setHandler(progressQuery, () => this.#progress())
    setHandler(
      pauseUpdate,
      () => {
        book().isPaused = true
        this.#pausedAt = Date.now()
        this.#tell('paused')
      },
      { validator: () => refuseIf(book().isPaused, 'it is paused already') },
    )
    setHandler(
      resumeUpdate,
      () => {
        this.#keepTime()
        book().isPaused = false
        this.#pausedAt = undefined
        this.#tell('running')
      },
      { validator: () => refuseIf(!book().isPaused, 'it is not paused') },
    )
    setHandler(
      setConcurrencyUpdate,
      (concurrency) => {
        book().concurrency = concurrency
        this.#tell(this.#state)
      },
      { validator: (concurrency) => refuseIf(true, concurrencyFault(concurrency)) },
    )
  }

  #keepTime(): void {
    if (this.#pausedAt === undefined) return
    this.#book.pausedMs += Date.now() - this.#pausedAt
    this.#pausedAt = Date.now()
  }

  #progress(): BackfillProgress {
    const { total, done, failed, skipped, concurrency, startedAt } = this.#book
    return {
      ...{ asked: this.#asked, state: this.#state, total, done, failed, skipped, concurrency },
      running: [...this.#running],
      startedAt: new Date(startedAt).toISOString(),
      rate: this.#rate(),
    }
  }

  #rate(): number {
    const { startedAt, pausedMs, done } = this.#book
    const paused = pausedMs + (this.#pausedAt === undefined ? 0 : Date.now() - this.#pausedAt)
    const minutes = (Date.now() - startedAt - paused) / 60_000
    return minutes > 0 ? Math.round((done / minutes) * 10) / 10 : 0
  }

  /** Shows in the Temporal UI where it stands. A pause is told whatever goes on meanwhile. */
  #tell(state: BackfillProgress['state']): void {
    const { total, done, failed, skipped, isPaused, concurrency } = this.#book
    this.#state = isPaused && state === 'running' ? 'paused' : state
    const lines = [
      `**${this.#state}**: ${done} of ${total} days built and closed, ${concurrency} at a time.`,
      ...(this.#running.size === 0 ? [] : [`Now: ${[...this.#running].join(', ')}.`]),
      ...(skipped.length === 0 ? [] : [`Skipped: ${skipped.length}.`]),
      ...failed.slice(0, 10).map(({ date, error }) => `- ${date} **failed**: ${error}`),
    ]
    setCurrentDetails(lines.join('\n'))
  }

  #result(books?: BookState): BackfillResult {
    const { total, done, failed, skipped, upToDate } = this.#book
    const state = total === 0 ? 'nothing to do' : failed.length > 0 ? 'partial' : 'done'
    setCurrentDetails(
      total === 0
        ? `Nothing to do: ${upToDate} days are up to date, ${skipped.length} skipped.`
        : `**${state}**: ${done} of ${total} days built and closed, ${failed.length} failed${books === undefined ? '' : `; books ${books}`}.`,
    )
    return { state, total, done, failed, skipped, upToDate, ...(books && { books }) }
  }
}

function isLongEnough(begun: number): boolean {
  return begun >= BACKFILL_DAYS_PER_RUN_MAX || workflowInfo().continueAsNewSuggested
}

function refuseIf(isRefused: boolean, why: string | undefined): void {
  if (isRefused && why !== undefined) throw ApplicationFailure.nonRetryable(why, 'OPTION_INVALID')
}
