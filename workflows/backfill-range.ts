import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import {
  type BackfillAsked,
  type BackfillInput,
  type BackfillPlan,
  type BackfillResult,
  backfillId,
  checkBackfill,
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
import { BackfillStanding, type Carried } from './steps/backfill-standing.ts'
import { buildOneDay } from './steps/build-one-day.ts'
import { fieldsOf, refuse } from './steps/fields-of.ts'

const { planBackfill, settleEmptyDays, buildFollowers, reconcileSums } =
  proxyActivities<Activities>(LONG)

/**
 * Builds and closes the days of a range that need it: those without rows many in one step, the others so many at a
 * time, each as the child `daily-upi-aggregation/<date>` on the task queue of heavy work. Plans from the ledger, waits
 * once for the stream, collects days that fail. Query `progress`; updates `pause`, `resume`, `setConcurrency`.
 * Cancelled, it cancels its days: each is built and closed, or as it was.
 *
 * Id: `backfill/<from>..<to>`. Input: `{"from": "2026-01-01", "to": "2026-01-31", "mode": "missing", "concurrency": 4,
 * "order": "newest", "actor": "asha"}`, of which only `from` and `to` are needed; `mode` is missing, failed or all,
 * `order` newest or oldest. With `"dryRun": true`, as `backfill/<from>..<to>/dry-run`, it gives its plan and does nothing.
 * The second argument is its own.
 */
export async function backfillRange(
  input: BackfillInput,
  carried?: Carried,
): Promise<BackfillResult | BackfillPlan> {
  const { dryRun = false, actor = 'temporal', ...range } = fieldsOf(input, FIELDS)
  const asked = checkBackfill(range as BackfillInput)
  if (typeof asked === 'string') refuse(asked)
  // Who gives it by hand has neither planned from the ledger nor waited for the stream.
  if (carried !== undefined && workflowInfo().continuedFromExecutionRunId === undefined) {
    refuse('the second argument is what one run of a backfill hands to the next')
  }
  const standing = new BackfillStanding(asked, carried)
  const backfill = new Backfill(asked, actor, standing)
  if (dryRun) return await backfill.tellPlan()
  if (carried === undefined && !(await backfill.begin())) return standing.result()
  return standing.result(await backfill.run())
}

const FIELDS = ['from', 'to', 'mode', 'concurrency', 'order', 'dryRun', 'actor'] as const

class Backfill {
  readonly #asked: BackfillAsked
  readonly #actor: string
  readonly #standing: BackfillStanding

  constructor(asked: BackfillAsked, actor: string, standing: BackfillStanding) {
    this.#asked = asked
    this.#actor = actor
    this.#standing = standing
  }

  get #book(): Carried {
    return this.#standing.book
  }

  /** Only tells what it would do. */
  async tellPlan(): Promise<BackfillPlan> {
    const plan = await planBackfill({ asked: this.#asked, actor: this.#actor, dryRun: true })
    const { days, skipped, upToDate } = plan
    const lines = [
      `${days.length} days to build, ${skipped.length} skipped, ${upToDate} up to date.`,
      ...days
        .slice(0, BACKFILL_REASONS_SHOWN_MAX)
        .map(({ date, reason }) => `- ${date}: ${reason}`),
    ]
    setCurrentDetails(lines.join('\n'))
    return plan
  }

  /** Plans, waits for the stream and settles the days without rows; false if there is nothing to do. */
  async begin(): Promise<boolean> {
    await this.#plan()
    if (this.#book.total === 0) return false
    this.#standing.tell('waiting for the stream')
    await awaitStream(backfillId(this.#asked))
    await this.#settleEmptyDays()
    return true
  }

  /** Builds what is left; gives what the books say once it is built. */
  async run(): Promise<BookState | undefined> {
    this.#standing.tell('running')
    try {
      await this.#buildDays()
    } catch (error) {
      if (isCancellation(error)) await CancellationScope.nonCancellable(() => this.#cleanUp())
      throw error
    }
    if (this.#book.left.length > 0) await this.#goOn()
    this.#standing.tell('finishing')
    await this.#follow()
    return await this.#reconcile()
  }

  async #plan(): Promise<void> {
    upsertSearchAttributes([
      { key: UPI_BACKFILL, value: backfillId(this.#asked) },
      { key: UPI_MODEL, value: 'all' },
    ])
    this.#standing.tell('planning')
    const plan = await planBackfill({ asked: this.#asked, actor: this.#actor })
    const { days, skipped, upToDate } = plan
    Object.assign(this.#book, { left: [...days], total: days.length, skipped, upToDate })
  }

  // Most days of a long range have no rows: as a child each would cost the server more than Postgres.
  async #settleEmptyDays(): Promise<void> {
    const book = this.#book
    const actor = this.#actor
    const days = [...book.left]
    const left: DayReason[] = []
    this.#standing.tell('running')
    while (days.length > 0) {
      await condition(() => !book.isPaused)
      const step = days.splice(0, EMPTY_DAYS_PER_STEP)
      const tasks = step.map(({ date, reason }) => ({ date, actor, reason: `backfill: ${reason}` }))
      const settled = new Set(await settleEmptyDays(tasks))
      left.push(...step.filter(({ date }) => !settled.has(date)))
      book.done += settled.size
      this.#standing.tell('running')
    }
    book.left = left
  }

  /** Keeps as many days going as are wanted; ends when all are through, or when this run's history is long enough. */
  async #buildDays(): Promise<void> {
    const book = this.#book
    for (let begun = 0; book.left.length > 0 && !isLongEnough(begun); begun += 1) {
      await condition(() => !book.isPaused && this.#standing.running.size < book.concurrency)
      const day = book.left.shift() as DayReason
      this.#standing.running.add(day.date)
      book.hasRows = true
      void this.#build(day)
    }
    await condition(() => this.#standing.running.size === 0)
  }

  async #build(day: DayReason): Promise<void> {
    const scope = CancellationScope.current()
    const id = backfillId(this.#asked)
    const error = await buildOneDay(day, { actor: this.#actor, id })
    this.#standing.running.delete(day.date)
    if (scope.consideredCancelled && error !== undefined) return
    this.#standing.note(day.date, error)
  }

  // Days in hand are let end before the next run: who waits for them is this one.
  async #goOn(): Promise<never> {
    await condition(allHandlersFinished)
    const carried = this.#standing.carry()
    return await continueAsNew<typeof backfillRange>(
      { ...this.#asked, actor: this.#actor },
      carried,
    )
  }

  /** Cancelled days roll back by themselves; what the others have changed is followed up. */
  async #cleanUp(): Promise<void> {
    await condition(() => this.#standing.running.size === 0)
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
}

function isLongEnough(begun: number): boolean {
  return begun >= BACKFILL_DAYS_PER_RUN_MAX || workflowInfo().continueAsNewSuggested
}
