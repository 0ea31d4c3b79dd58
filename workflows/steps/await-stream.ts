import { ApplicationFailure, proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import { STREAM_WAIT_MS_MAX } from '../../core/limits.ts'
import { SHORT } from '../activity-options.ts'

const { measureLag } = proxyActivities<Activities>(SHORT)

// A stream that keeps up is behind for milliseconds; one that does not is asked once a second.
const LOOK_MS_MIN = 50
const LOOK_MS_MAX = 1_000

/**
 * Waits until the stream has written what Kafka holds now, each partition for itself: days that are over have their
 * messages in Kafka, not all of them in clean. Fails after five minutes, naming each partition that lags.
 */
export async function awaitStream(subject: string): Promise<void> {
  const began = Date.now()
  let pause = LOOK_MS_MIN
  const { spans, behind: first } = await measureLag({})
  for (let behind = first; isLagging(behind); behind = (await measureLag({ spans })).behind) {
    if (Date.now() - began > STREAM_WAIT_MS_MAX) {
      throw ApplicationFailure.nonRetryable(behindText(subject, behind), 'STREAM_BEHIND')
    }
    setCurrentDetails(`Waiting for the stream, which is behind by ${lagText(behind)}.`)
    await sleep(pause)
    pause = Math.min(2 * pause, LOOK_MS_MAX)
  }
}

/** What to say of a stream that has been waited for long enough. */
export function behindText(subject: string, behind: Readonly<Record<string, number>>): string {
  return `${subject} is not closed: the stream is behind by ${lagText(behind)}; fix: see ./upi status and ./upi logs stream`
}

function isLagging(behind: Readonly<Record<string, number>>): boolean {
  return Object.keys(behind).length > 0
}

function lagText(behind: Readonly<Record<string, number>>): string {
  const lags = Object.entries(behind).map(([partition, lag]) => `${lag} in partition ${partition}`)
  return `${Object.values(behind).reduce((sum, lag) => sum + lag, 0)} messages (${lags.join(', ')})`
}
