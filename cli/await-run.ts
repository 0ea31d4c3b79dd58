import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { EXIT_INTERRUPTED, UpiError } from '../core/errors.ts'
import { askRun } from '../platform/temporal.ts'
import { note, Progress } from './output.ts'
import { failureCode, Patience, standingOf } from './run-standing.ts'

const ASK_EVERY_MS = 500

type AskProgress = ((handle: WorkflowHandle) => Promise<string>) | undefined

/** Waits for a run as `awaitRun` does, until Ctrl-C: that leaves it running, and tells the hint. */
export async function followRun<T>(
  handle: WorkflowHandle,
  taskQueue: string,
  { askProgress, hint = '' }: { readonly askProgress?: AskProgress; readonly hint?: string },
): Promise<T> {
  const detach = () => {
    note(`\ndetached; ${handle.workflowId} goes on${hint}`)
    process.exit(EXIT_INTERRUPTED)
  }
  process.once('SIGINT', detach)
  try {
    return await awaitRun(handle, taskQueue, askProgress)
  } finally {
    process.off('SIGINT', detach)
  }
}

/**
 * Waits for the result of a run and shows where it stands. Gives up with the reason when nobody works on it or the
 * outside stays away; the run itself goes on waiting for them. How far it has come is asked of the run, if it can tell.
 */
export async function awaitRun<T>(
  handle: WorkflowHandle,
  taskQueue: string,
  askProgress?: AskProgress,
): Promise<T> {
  const settled = handle.result().then(
    (value): Settled => ({ value }),
    (fault: unknown): Settled => ({ fault }),
  )
  const progress = new Progress()
  const patience = new Patience(handle.workflowId, taskQueue)
  try {
    for (;;) {
      const outcome = await Promise.race([settled, sleep(ASK_EVERY_MS)])
      if (outcome !== undefined) return resultOf<T>(outcome, handle.workflowId)
      const { raw } = await handle.describe()
      const standing = standingOf(raw)
      const isAsked = standing.failing === undefined && standing.untaken === undefined
      const far = isAsked ? await progressOf(handle, askProgress) : undefined
      progress.update(far ?? `${handle.workflowId}: ${standing.text}`)
      patience.test(standing, performance.now())
    }
  } finally {
    progress.done()
  }
}

async function progressOf(handle: WorkflowHandle, ask: AskProgress) {
  return ask && (await askRun(handle, () => ask(handle)).catch(() => undefined))
}

interface Settled {
  readonly value?: unknown
  readonly fault?: unknown
}

function resultOf<T>({ value, fault }: Settled, workflowId: string): T {
  if (fault === undefined) return value as T
  if (!(fault instanceof WorkflowFailedError)) throw fault
  const cause = failureIn(fault.cause)
  throw new UpiError(failureCode(cause.type), `${workflowId}: ${cause.message}`, { cause: fault })
}

// A failure is wrapped once for each run and activity that it went through.
function failureIn(error: Error | undefined): { type: string; message: string } {
  if (error instanceof ApplicationFailure) return { type: error.type ?? '', message: error.message }
  if (error?.cause instanceof Error) return failureIn(error.cause)
  return { type: '', message: error?.message ?? 'ended without a result' }
}
