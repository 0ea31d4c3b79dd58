import { Context } from '@temporalio/activity'

// A third of the heartbeat timeout, so that one that is lost does not fail the work.
const BEAT_EVERY_MS = 3_000

/**
 * Does long work while telling Temporal that it lives and, if it can say, where it would be resumed. Its signal is aborted
 * when the work is cancelled.
 */
export async function whileBeating<T>(
  work: (signal: AbortSignal) => Promise<T>,
  resumeAt?: () => unknown,
): Promise<T> {
  const context = Context.current()
  const timer = setInterval(() => context.heartbeat(resumeAt?.()), BEAT_EVERY_MS)
  try {
    return await work(context.cancellationSignal)
  } finally {
    clearInterval(timer)
  }
}
