import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { Logger } from '../platform/telemetry.ts'
import type { Tracing } from '../platform/tracing.ts'

type Activity = (input: never) => Promise<unknown>

/** Of which run an activity is, in the fields of logs and traces. */
interface ActivityFields {
  readonly activity: string
  readonly attempt: number
  readonly workflow?: string
  readonly workflow_id?: string
  readonly run_id?: string
}

/** Who hears of activities. */
export interface Observer {
  readonly log: Logger
  readonly tracing?: Tracing | undefined
}

/**
 * Activities that say at debug when they have begun and ended, and are a span each. In words Temporal's library tells
 * how one failed.
 */
export function withObserver<A extends Record<string, Activity>>(
  activities: A,
  { log, tracing }: Observer,
): A {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (input: never) => {
      const fields = fieldsOfActivity()
      const beganMs = performance.now()
      const trace = (fault?: string) => {
        const ms = performance.now() - beganMs
        const why = fault === undefined ? {} : { fault }
        tracing?.record({ name: `activity ${name}`, ms, attributes: { ...fields }, ...why })
        return Math.round(ms)
      }
      log.debug(fields, 'activity began')
      try {
        const output = await activity(input)
        log.debug({ ...fields, ms: trace() }, 'activity done')
        return output
      } catch (fault) {
        trace(codeOf(fault))
        throw fault
      }
    },
  ])
  return Object.fromEntries(wrapped) as A
}

// Its message may name what Postgres refused; its type never does.
function codeOf(fault: unknown): string {
  if (fault instanceof ApplicationFailure) return fault.type ?? 'unknown'
  return fault instanceof Error ? fault.name : 'unknown'
}

function fieldsOfActivity(): ActivityFields {
  const {
    activityType: activity,
    attempt,
    workflowType,
    workflowExecution,
  } = Context.current().info
  return {
    activity,
    attempt,
    ...(workflowType === undefined ? {} : { workflow: workflowType }),
    ...(workflowExecution === undefined
      ? {}
      : { workflow_id: workflowExecution.workflowId, run_id: workflowExecution.runId }),
  }
}
