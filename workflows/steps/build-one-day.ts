import { ApplicationFailure } from '@temporalio/common'
import { isCancellation, ParentClosePolicy, workflowInfo } from '@temporalio/workflow'
import type { DayReason } from '../../core/backfill.ts'
import { FAILURE_CHARS_MAX } from '../../core/limits.ts'
import { heavyQueue } from '../../core/task-queue.ts'
import type {
  DailyUpiAggregationInput,
  DailyUpiAggregationResult,
} from '../daily-upi-aggregation.ts'
import { UPI_BACKFILL, UPI_BUSINESS_DATE, UPI_MODEL } from '../search-attributes.ts'
import { runOrMeet } from './run-or-meet.ts'

/** What came of a day of a backfill. */
export type DayOutcome =
  | { readonly kind: 'closed'; readonly changed: boolean }
  | { readonly kind: 'failed'; readonly error: string }

interface ForWhom {
  readonly id: string
  readonly actor: string
}

/** Builds and closes a day as the child under its one id, or lets who is at it do so. Never throws. */
export async function buildOneDay(
  { date, reason }: DayReason,
  { id, actor }: ForWhom,
): Promise<DayOutcome> {
  const input: DailyUpiAggregationInput = { date, actor, backfill: { id, reason } }
  try {
    const { changed } = await runOrMeet<DailyUpiAggregationResult>('dailyUpiAggregation', {
      workflowId: `daily-upi-aggregation/${date}`,
      args: [input],
      taskQueue: heavyQueue(workflowInfo().taskQueue),
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      typedSearchAttributes: [
        { key: UPI_BUSINESS_DATE, value: date },
        { key: UPI_MODEL, value: 'all' },
        { key: UPI_BACKFILL, value: id },
      ],
    })
    return { kind: 'closed', changed }
  } catch (error) {
    return { kind: 'failed', error: errorText(error) }
  }
}

// A failure is wrapped once for each run and activity that it went through.
function errorText(error: unknown): string {
  const { message, cause } = (error ?? {}) as Error
  if (!(error instanceof ApplicationFailure) && cause instanceof Error) return errorText(cause)
  if (isCancellation(error)) return 'cancelled by hand'
  return String(message).slice(0, FAILURE_CHARS_MAX)
}
