import type { BookState } from './book-state.ts'
import {
  BACKFILL_CONCURRENCY_DEFAULT,
  BACKFILL_CONCURRENCY_MAX,
  BACKFILL_DAYS_MAX,
} from './limits.ts'
import { type BusinessDate, dayNumberOf, isDate } from './time.ts'

/** Which days of its range a backfill builds. */
export const BACKFILL_MODES = ['missing', 'failed', 'all'] as const
export type BackfillMode = (typeof BACKFILL_MODES)[number]

export const BACKFILL_ORDERS = ['newest', 'oldest'] as const
export type BackfillOrder = (typeof BACKFILL_ORDERS)[number]

/** What is asked of a backfill. */
export interface BackfillInput {
  /** First and last business date, both included. */
  readonly from: BusinessDate
  readonly to: BusinessDate
  /** `missing` (by default): ended and not closed, or not built as the models are now; `failed`; or `all` that ended. */
  readonly mode?: BackfillMode
  /** Days that are built at a time. */
  readonly concurrency?: number
  /** Which days come first; `newest` by default. */
  readonly order?: BackfillOrder
  /** Only tell which days it would build, and why each. */
  readonly dryRun?: boolean
  /** Who asks, for the ledger. */
  readonly actor?: string
}

/** What makes two backfills the same one, with nothing left open. */
export type BackfillAsked = Required<Omit<BackfillInput, 'actor' | 'dryRun'>>

/** A day that is built or left out, and why. */
export interface DayReason {
  readonly date: BusinessDate
  readonly reason: string
}

/** What a backfill would do. */
export interface BackfillPlan {
  /** The days to build, the first to be built first. */
  readonly days: readonly DayReason[]
  /** Days that it would build and cannot. */
  readonly skipped: readonly DayReason[]
  /** Days of the range of which nothing is wanted. */
  readonly upToDate: number
}

/** A day that was not built. */
export interface FailedDay {
  readonly date: BusinessDate
  readonly error: string
}

/** Where a backfill stands. */
export interface BackfillProgress {
  readonly asked: BackfillAsked
  readonly state: 'planning' | 'waiting for the stream' | 'running' | 'paused' | 'finishing'
  readonly total: number
  readonly done: number
  readonly failed: readonly FailedDay[]
  readonly skipped: readonly DayReason[]
  readonly running: readonly BusinessDate[]
  readonly concurrency: number
  /** When it began, in ISO 8601. */
  readonly startedAt: string
  /** Days a minute, over the time in which it was not paused. */
  readonly rate: number
}

/** What came of a backfill: `partial` when days have failed. */
export interface BackfillResult {
  readonly state: 'done' | 'partial' | 'nothing to do'
  /** What the books of its days say, once any figure has changed. */
  readonly books?: BookState
  readonly total: number
  readonly done: number
  readonly failed: readonly FailedDay[]
  readonly skipped: readonly DayReason[]
  readonly upToDate: number
}

/** The id under which a range is backfilled, whoever asks. */
export function backfillId({ from, to }: Pick<BackfillInput, 'from' | 'to'>): string {
  return `backfill/${from}..${to}`
}

/** The input with its defaults; or the sentence that says what is wrong with it. */
export function checkBackfill(input: BackfillInput | null | undefined): BackfillAsked | string {
  const { from, to, mode = 'missing', order = 'newest' } = input ?? ({} as Partial<BackfillInput>)
  const concurrency = input?.concurrency ?? BACKFILL_CONCURRENCY_DEFAULT
  for (const [name, date] of Object.entries({ from, to })) {
    if (typeof date !== 'string' || !isDate(date)) {
      return `${name}: '${date}' is not a day such as 2026-02-01`
    }
  }
  const asked = { from, to, mode, order, concurrency } as BackfillAsked
  if (asked.to < asked.from) return `to ${to} lies before from ${from}`
  if (dayNumberOf(asked.to) - dayNumberOf(asked.from) >= BACKFILL_DAYS_MAX) {
    return `${from} to ${to} is more than ${BACKFILL_DAYS_MAX} days`
  }
  if (!BACKFILL_MODES.includes(mode))
    return `mode '${mode}' is none of ${BACKFILL_MODES.join(', ')}`
  if (!BACKFILL_ORDERS.includes(order)) {
    return `order '${order}' is none of ${BACKFILL_ORDERS.join(', ')}`
  }
  return concurrencyFault(concurrency) ?? asked
}

/** What is wrong with a number of days at a time, if anything. */
export function concurrencyFault(concurrency: unknown): string | undefined {
  const isFit =
    Number.isInteger(concurrency) &&
    (concurrency as number) >= 1 &&
    (concurrency as number) <= BACKFILL_CONCURRENCY_MAX
  return isFit ? undefined : `concurrency ${concurrency} is not 1 to ${BACKFILL_CONCURRENCY_MAX}`
}
