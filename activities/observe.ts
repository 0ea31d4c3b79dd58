import { Context } from '@temporalio/activity'
import type { Logger } from '../platform/telemetry.ts'

type Activity = (input: never) => Promise<unknown>

/** Of which run an activity is, in the fields of logs and traces. */
export interface ActivityFields {
  readonly activity: string
  readonly attempt: number
  readonly workflow?: string
  readonly workflow_id?: string
  readonly run_id?: string
}

/** Activities that say at debug when they have begun and ended. How one failed is told by Temporal's library. */
export function withObserver<A extends Record<string, Activity>>(activities: A, log: Logger): A {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (input: never) => {
      const fields = fieldsOfActivity()
      const beganMs = performance.now()
      log.debug(fields, 'activity began')
      const output = await activity(input)
      log.debug({ ...fields, ms: Math.round(performance.now() - beganMs) }, 'activity done')
      return output
    },
  ])
  return Object.fromEntries(wrapped) as A
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
