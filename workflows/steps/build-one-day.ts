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

interface ForWhom {
  readonly id: string
  readonly actor: string
}

/** Builds and closes a day as the child under its one id, or lets who is at it do so; tells what was wrong, if anything. */
export async function buildOneDay(
  { date, reason }: DayReason,
  { id, actor }: ForWhom,
): Promise<string | undefined> {
  const input: DailyUpiAggregationInput = { date, actor, backfill: { id, reason } }
  try {
    const result = await runOrMeet('dailyUpiAggregation', {
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
    // The plan goes by the clock of Postgres, the run by that of Temporal.
    const { state } = result as DailyUpiAggregationResult
    return state === 'closed' ? undefined : 'not over yet'
  } catch (error) {
    return errorText(error)
  }
}

// A failure is wrapped once for each run and activity that it went through.
function errorText(error: unknown): string {
  const { message, cause } = (error ?? {}) as Error
  if (!(error instanceof ApplicationFailure) && cause instanceof Error) return errorText(cause)
  if (isCancellation(error)) return 'cancelled by hand'
  return String(message).slice(0, FAILURE_CHARS_MAX)
}
