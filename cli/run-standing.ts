import type { WorkflowExecutionDescription } from '@temporalio/client'

/** Where a run stands: what to show, what part of it no worker has taken yet, and what keeps failing. */
export interface Standing {
  readonly text: string
  readonly untaken?: 'run' | 'activity'
  readonly failing?: { readonly attempts: number; readonly code: string; readonly message: string }
}

type Raw = Pick<WorkflowExecutionDescription['raw'], 'pendingWorkflowTask' | 'pendingActivities'>

/** Reads a run's standing from its description. */
export function standingOf({ pendingWorkflowTask, pendingActivities }: Raw): Standing {
  const activity = pendingActivities?.[0]
  const name = activity?.activityType?.name ?? 'the run'
  const failure = activity?.lastFailure
  if (failure !== null && failure !== undefined) {
    const attempts = (activity?.attempt ?? 1) - 1
    const message = failure.message ?? ''
    return {
      text: `${name} has failed ${attempts} times and is tried again: ${message}`,
      failing: { attempts, message, code: failure.applicationFailureInfo?.type ?? '' },
    }
  }
  if (pendingWorkflowTask?.state === TASK_SCHEDULED) {
    return { text: 'waits for a worker', untaken: 'run' }
  }
  if (activity?.state === ACTIVITY_SCHEDULED) {
    return { text: `${name} waits for a worker`, untaken: 'activity' }
  }
  return { text: `${name} is running` }
}

// temporal.api.enums.v1.PendingWorkflowTaskState and PendingActivityState
const TASK_SCHEDULED = 1
const ACTIVITY_SCHEDULED = 1
