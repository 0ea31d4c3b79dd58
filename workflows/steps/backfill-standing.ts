import { defineQuery, defineUpdate, setCurrentDetails, setHandler } from '@temporalio/workflow'
import {
  type BackfillAsked,
  type BackfillProgress,
  type BackfillResult,
  concurrencyFault,
  type DayReason,
  type FailedDay,
} from '../../core/backfill.ts'
import type { BookState } from '../../core/book-state.ts'
import { BACKFILL_REASONS_SHOWN_MAX } from '../../core/limits.ts'
import { refuse } from './fields-of.ts'

const progressQuery = defineQuery<BackfillProgress>('progress')
const pauseUpdate = defineUpdate<void>('pause')
const resumeUpdate = defineUpdate<void>('resume')
const setConcurrencyUpdate = defineUpdate<void, [number]>('setConcurrency')

/** What one run of a backfill hands to the next. */
export interface Carried {
  left: DayReason[]
  total: number
  upToDate: number
  skipped: readonly DayReason[]
  readonly startedAt: number
  done: number
  failed: FailedDay[]
  /** Whether any day had rows: something may follow from it, whichever try of its build has changed it. */
  hasRows: boolean
  concurrency: number
  isPaused: boolean
  pausedMs: number
}

/** Where a backfill stands: what it is told by updates, and what it tells by query and in the Temporal UI. */
export class BackfillStanding {
  readonly book: Carried
  readonly running = new Set<string>()
  readonly #asked: BackfillAsked
  #state: BackfillProgress['state'] = 'planning'
  #pausedAt: number | undefined

  constructor(asked: BackfillAsked, carried?: Carried) {
    const now = Date.now()
    this.#asked = asked
    this.book = carried ?? {
      ...{ left: [], total: 0, upToDate: 0, skipped: [], startedAt: now, done: 0, failed: [] },
      ...{ hasRows: false, concurrency: asked.concurrency, isPaused: false, pausedMs: 0 },
    }
    if (this.book.isPaused) this.#pausedAt = now
    this.#listen()
  }

  /** Shows in the Temporal UI where it stands. A pause is told whatever goes on meanwhile. */
  tell(state = this.#state): void {
    const { total, done, failed, skipped, isPaused, concurrency } = this.book
    this.#state = isPaused && state === 'running' ? 'paused' : state
    const lines = [
      `**${this.#state}**: ${done} of ${total} days built and closed, ${concurrency} at a time.`,
      ...(this.running.size === 0 ? [] : [`Now: ${[...this.running].join(', ')}.`]),
      ...(skipped.length === 0 ? [] : [`Skipped: ${skipped.length}.`]),
      ...failed.slice(0, 10).map(({ date, error }) => `- ${date} **failed**: ${error}`),
    ]
    setCurrentDetails(lines.join('\n'))
  }

  /** Notes how a day has ended. */
  note(date: string, error: string | undefined): void {
    const { failed } = this.book
    if (error === undefined) this.book.done += 1
    else {
      const isTold = failed.length < BACKFILL_REASONS_SHOWN_MAX
      failed.push({ date, error: isTold ? error : 'see the ledger' })
    }
    this.tell()
  }

  /** What the next run is to know. */
  carry(): Carried {
    this.#keepTime()
    return this.book
  }

  result(books?: BookState): BackfillResult {
    const { total, done, failed, skipped, upToDate } = this.book
    const state = total === 0 ? 'nothing to do' : failed.length > 0 ? 'partial' : 'done'
    setCurrentDetails(
      total === 0
        ? `Nothing to do: ${upToDate} days are up to date, ${skipped.length} skipped.`
        : `**${state}**: ${done} of ${total} days built and closed, ${failed.length} failed${books === undefined ? '' : `; books ${books}`}.`,
    )
    return { state, total, done, failed, skipped, upToDate, ...(books && { books }) }
  }

  #listen(): void {
    const { book } = this
    setHandler(progressQuery, () => this.#progress())
    setHandler(
      pauseUpdate,
      () => {
        book.isPaused = true
        this.#pausedAt = Date.now()
        this.tell('paused')
      },
      { validator: () => refuseIf(book.isPaused, 'it is paused already') },
    )
    setHandler(
      resumeUpdate,
      () => {
        this.#keepTime()
        book.isPaused = false
        this.#pausedAt = undefined
        this.tell('running')
      },
      { validator: () => refuseIf(!book.isPaused, 'it is not paused') },
    )
    setHandler(
      setConcurrencyUpdate,
      (concurrency) => {
        book.concurrency = concurrency
        this.tell()
      },
      { validator: (concurrency) => refuseIf(true, concurrencyFault(concurrency)) },
    )
  }

  #keepTime(): void {
    if (this.#pausedAt === undefined) return
    this.book.pausedMs += Date.now() - this.#pausedAt
    this.#pausedAt = Date.now()
  }

  #progress(): BackfillProgress {
    const { total, done, failed, skipped, concurrency, startedAt } = this.book
    return {
      ...{ asked: this.#asked, state: this.#state, total, done, failed, skipped, concurrency },
      running: [...this.running],
      startedAt: new Date(startedAt).toISOString(),
      rate: this.#rate(),
    }
  }

  #rate(): number {
    const { startedAt, pausedMs, done } = this.book
    const paused = pausedMs + (this.#pausedAt === undefined ? 0 : Date.now() - this.#pausedAt)
    const minutes = (Date.now() - startedAt - paused) / 60_000
    return minutes > 0 ? Math.round((done / minutes) * 10) / 10 : 0
  }
}

function refuseIf(isRefused: boolean, why: string | undefined): void {
  if (isRefused && why !== undefined) refuse(why)
}
