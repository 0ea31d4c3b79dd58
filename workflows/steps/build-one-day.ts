import { ApplicationFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  CancellationScope,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import type { DayReason } from '../../core/backfill.ts'
import { FAILURE_CHARS_MAX } from '../../core/limits.ts'
import { heavyQueue } from '../../core/task-queue.ts'
import { POLL } from '../activity-options.ts'
import { type DailyUpiAggregationResult, dailyUpiAggregation } from '../daily-upi-aggregation.ts'
import { UPI_BACKFILL, UPI_BUSINESS_DATE, UPI_MODEL } from '../search-attributes.ts'

const { awaitRun } = proxyActivities<Activities>(POLL)

/** What came of a day of a backfill. */
export type DayOutcome =
  | { readonly kind: 'closed'; readonly changed: boolean }
  | { readonly kind: 'failed'; readonly error: string }

interface ForWhom {
  readonly id: string
  readonly actor: string
}

// A run that was met and did not close the day was cancelled, or found out what is wrong: ours tells.
const MEETINGS_MAX = 3

/**
 * Builds a day as the child under its one id. Where somebody else has it built already, waits for that run; builds it
 * again only if the day was not closed by it. Never throws.
 */
export async function buildOneDay(day: DayReason, { id, actor }: ForWhom): Promise<DayOutcome> {
  const { date, reason } = day
  const workflowId = `daily-upi-aggregation/${date}`
  for (let met = 0; ; met += 1) {
    try {
      const child = await startChild(dailyUpiAggregation, {
        ...{ workflowId, args: [{ date, actor, backfill: { id, reason } }] as const },
        taskQueue: heavyQueue(workflowInfo().taskQueue),
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        typedSearchAttributes: [
          { key: UPI_BUSINESS_DATE, value: date },
          { key: UPI_MODEL, value: 'all' },
          { key: UPI_BACKFILL, value: id },
        ],
      })
      const { state, changed } = await child.result()
      // The plan goes by the clock of Postgres, the run by that of Temporal.
      if (state !== 'closed') return { kind: 'failed', error: 'not over yet' }
      return { kind: 'closed', changed }
    } catch (error) {
      const isMet = error instanceof WorkflowExecutionAlreadyStartedError
      if (!isMet || met >= MEETINGS_MAX) return { kind: 'failed', error: errorText(error) }
    }
    const changed = await awaitOther(workflowId)
    if (changed !== undefined) return { kind: 'closed', changed }
    if (CancellationScope.current().consideredCancelled) {
      return { kind: 'failed', error: 'cancelled' }
    }
  }
}

/** Whether the run that is under way changed the day, once it has closed it; undefined if it has not. */
async function awaitOther(workflowId: string): Promise<boolean | undefined> {
  try {
    const result = (await awaitRun({ workflowId })) as DailyUpiAggregationResult
    return result.state === 'closed' ? result.changed : undefined
  } catch {
    return undefined
  }
}

// A failure is wrapped once for each run and activity that it went through.
function errorText(error: unknown): string {
  const { message, cause } = (error ?? {}) as Error
  if (!(error instanceof ApplicationFailure) && cause instanceof Error) return errorText(cause)
  if (isCancellation(error)) return 'cancelled by hand'
  return String(message).slice(0, FAILURE_CHARS_MAX)
}
