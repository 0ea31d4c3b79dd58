import { Context } from '@temporalio/activity'
import { BEAT_MS_MAX } from '../core/limits.ts'

/**
 * Does long work while telling Temporal that it lives, and what the work said last: what people are to know of it, or
 * where it would be resumed. Its signal is aborted when the work is cancelled.
 */
export async function whileBeating<T>(
  work: (signal: AbortSignal, say: (details: unknown) => void) => Promise<T>,
): Promise<T> {
  const context = Context.current()
  let said: unknown
  const timer = setInterval(() => context.heartbeat(said), BEAT_MS_MAX)
  try {
    return await work(context.cancellationSignal, (details) => {
      said = details
    })
  } finally {
    clearInterval(timer)
  }
}
