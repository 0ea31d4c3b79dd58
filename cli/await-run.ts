import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { ERRORS, type ErrorCode, UpiError } from '../core/errors.ts'
import { Progress } from './output.ts'
import { type Standing, standingOf } from './run-standing.ts'

// A worker that is there takes a run within milliseconds, and a restarted one is back well within this; but its
// builds may all be taken by other days for a while.
const WAIT_MS_MAX = { run: 10_000, activity: 120_000 } as const
// With the policy's delays of 1, 2 and 4 s: what is still away then is worth an answer.
const FAILURES_SHOWN_MAX = 4
const ASK_EVERY_MS = 500

/**
 * Waits for the result of a run and shows where it stands. Gives up with the reason when nobody works on it or the
 * outside stays away; the run itself goes on waiting for them.
 */
export async function awaitRun<T>(handle: WorkflowHandle, taskQueue: string): Promise<T> {
  const settled = handle.result().then(
    (value): Settled => ({ value }),
    (fault: unknown): Settled => ({ fault }),
  )
  const progress = new Progress()
  try {
    let untakenSince: number | undefined
    for (;;) {
      const outcome = await Promise.race([settled, sleep(ASK_EVERY_MS)])
      if (outcome !== undefined) return resultOf<T>(outcome, handle.workflowId)
      const { raw } = await handle.describe()
      const standing = standingOf(raw)
      progress.update(`${handle.workflowId}: ${standing.text}`)
      untakenSince =
        standing.untaken === undefined ? undefined : (untakenSince ?? performance.now())
      refuseToWait(standing, { untakenSince, taskQueue, workflowId: handle.workflowId })
    }
  } finally {
    progress.done()
  }
}

interface Settled {
  readonly value?: unknown
  readonly fault?: unknown
}

interface Wait {
  readonly untakenSince: number | undefined
  readonly taskQueue: string
  readonly workflowId: string
}

function refuseToWait(
  { failing, untaken }: Standing,
  { untakenSince, taskQueue, workflowId }: Wait,
): void {
  if (failing !== undefined && failing.attempts >= FAILURES_SHOWN_MAX) {
    throw new UpiError(codeOf(failing.code), failing.message, {
      fix: `${workflowId} goes on trying; ask again when the cause is gone`,
    })
  }
  if (untaken === undefined || untakenSince === undefined) return
  if (performance.now() - untakenSince < WAIT_MS_MAX[untaken]) return
  throw new UpiError(
    'WORKER_UNAVAILABLE',
    `no worker takes ${workflowId} from task queue ${taskQueue}`,
    { fix: 'start one with ./upi worker; the run waits for it' },
  )
}

function resultOf<T>({ value, fault }: Settled, workflowId: string): T {
  if (fault === undefined) return value as T
  if (!(fault instanceof WorkflowFailedError)) throw fault
  const cause = deepestFailure(fault.cause)
  throw new UpiError(codeOf(cause.type), `${workflowId}: ${cause.message}`, { cause: fault })
}

// A failure is wrapped once for each run and activity that it went through.
function deepestFailure(error: Error | undefined): { type: string; message: string } {
  for (let each = error; each instanceof Error; each = each.cause as Error | undefined) {
    if (each instanceof ApplicationFailure) return { type: each.type ?? '', message: each.message }
    if (!(each.cause instanceof Error)) return { type: '', message: each.message }
  }
  return { type: '', message: 'ended without a result' }
}

function codeOf(type: string): ErrorCode {
  return Object.hasOwn(ERRORS, type) ? (type as ErrorCode) : 'RUN_FAILED'
}
