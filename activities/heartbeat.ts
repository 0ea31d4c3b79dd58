import { Context } from '@temporalio/activity'

// A third of the heartbeat timeout, so that one that is lost does not fail the work.
const BEAT_EVERY_MS = 3_000

/**
 * Does long work while telling Temporal that it lives, and what the work says of itself. Its signal is aborted when the
 * work is cancelled.
 */
export async function whileBeating<T>(
  work: (signal: AbortSignal, say: (details: unknown) => void) => Promise<T>,
): Promise<T> {
  const context = Context.current()
  let said: unknown
  const timer = setInterval(() => context.heartbeat(said), BEAT_EVERY_MS)
  try {
    return await work(context.cancellationSignal, (details) => {
      said = details
    })
  } finally {
    clearInterval(timer)
  }
}
