import type { ActivityOptions } from '@temporalio/workflow'

// An outage is waited for, however long: which errors are worth it is decided by their kind, in activities/failure.ts.
const RETRY = {
  initialInterval: '1 second',
  maximumInterval: '10 seconds',
  backoffCoefficient: 2,
} as const

/**
 * Work whose length depends on the data. It beats, so that a killed worker is noticed long before it would end. Who
 * cancels it hears that it is cancelled when it has ended, and not while it may still commit: the library's default,
 * whatever its documentation says, is not to wait.
 */
export const LONG: ActivityOptions = {
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '10 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: RETRY,
}

/** One short statement. */
export const SHORT: ActivityOptions = { startToCloseTimeout: '30 seconds', retry: RETRY }

/** A question that is asked until the answer is yes: the server keeps the time, and no slot is held meanwhile. */
export const POLL: ActivityOptions = {
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds', backoffCoefficient: 1.5 },
}
