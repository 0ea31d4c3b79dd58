import type { WorkflowExecutionDescription } from '@temporalio/client'

/** Where a run stands: what to show, whether it waits for a worker, and what keeps failing. */
export interface Standing {
  readonly text: string
  readonly waitsForWorker: boolean
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
      waitsForWorker: false,
      failing: { attempts, message, code: failure.applicationFailureInfo?.type ?? '' },
    }
  }
  const isIdle =
    pendingWorkflowTask?.state === TASK_SCHEDULED || activity?.state === ACTIVITY_SCHEDULED
  if (isIdle) return { text: `${name} waits for a worker`, waitsForWorker: true }
  return { text: `${name} is running`, waitsForWorker: false }
}

// temporal.api.enums.v1.PendingWorkflowTaskState and PendingActivityState
const TASK_SCHEDULED = 1
const ACTIVITY_SCHEDULED = 1
