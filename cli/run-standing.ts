import type { WorkflowExecutionDescription } from '@temporalio/client'
import { ERRORS, type ErrorCode, UpiError } from '../core/errors.ts'
import { formatBytes } from './output.ts'

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
  const failures = (pendingWorkflowTask?.attempt ?? 1) - 1
  if (failures > 0) {
    const message = 'its worker cannot go on with it: see ./upi logs worker'
    return {
      text: `has stopped ${failures} times and is tried again: ${message}`,
      failing: { attempts: failures, message, code: 'WORKER_UNAVAILABLE' },
    }
  }
  if (pendingWorkflowTask?.state === TASK_SCHEDULED) {
    return { text: 'waits for a worker', untaken: 'run' }
  }
  if (activity?.state === ACTIVITY_SCHEDULED) {
    return { text: `${name} waits for a worker`, untaken: 'activity' }
  }
  return { text: `${name} is running${workDone(activity?.heartbeatDetails?.payloads?.[0]?.data)}` }
}

/** What an activity that counts its bytes has said with its last heartbeat. */
function workDone(details: Uint8Array | null | undefined): string {
  if (details === null || details === undefined || details.length === 0) return ''
  const said: unknown = JSON.parse(Buffer.from(details).toString())
  const { doing, bytes, of } = Object(said) as { doing?: string; bytes?: number; of?: number }
  if (doing === undefined || bytes === undefined || of === undefined) return ''
  return `: ${doing}, ${formatBytes(bytes)} of ${formatBytes(Math.max(of, bytes))}`
}

/** How long a command waits for a run that does not get on; the run itself waits for ever. */
export class Patience {
  readonly #workflowId: string
  readonly #taskQueue: string
  #untakenSince: number | undefined
  #failuresMax: number | undefined

  constructor(workflowId: string, taskQueue: string) {
    this.#workflowId = workflowId
    this.#taskQueue = taskQueue
  }

  /** Throws when nobody works on the run, or when the outside stays away. */
  test({ failing, untaken }: Standing, now: number): void {
    // A run that was met while it was failing gets one more try: the cause may be gone.
    this.#failuresMax ??= Math.max(FAILURES_MAX, (failing?.attempts ?? 0) + 1)
    if (failing !== undefined && failing.attempts >= this.#failuresMax) {
      const message = `${this.#workflowId} goes on trying: ${failing.message}`
      throw new UpiError(failureCode(failing.code), message)
    }
    this.#untakenSince = untaken === undefined ? undefined : (this.#untakenSince ?? now)
    if (untaken === undefined || now - (this.#untakenSince ?? now) < WAIT_MS_MAX[untaken]) return
    const message = `no worker takes ${this.#workflowId} from task queue ${this.#taskQueue}`
    throw new UpiError('WORKER_UNAVAILABLE', message, {
      fix: 'start one with ./upi worker; the run waits for it',
    })
  }
}

/** The code of our table that a failure carries as its type. */
export function failureCode(type: string): ErrorCode {
  return Object.hasOwn(ERRORS, type) ? (type as ErrorCode) : 'RUN_FAILED'
}

// A worker that is there takes a run within milliseconds, and a restarted one is back well within this; but its
// builds may all be taken by other days for a while.
const WAIT_MS_MAX = { run: 10_000, activity: 120_000 } as const
// With the policy's delays of 1, 2 and 4 s: what is still away then is worth an answer.
const FAILURES_MAX = 4

// temporal.api.enums.v1.PendingWorkflowTaskState and PendingActivityState
const TASK_SCHEDULED = 1
const ACTIVITY_SCHEDULED = 1
