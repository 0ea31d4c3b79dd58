import { ApplicationFailure, Context } from '@temporalio/activity'
import { TemporalFailure } from '@temporalio/common'
import { UpiError } from '../core/errors.ts'
import { kafkaFault } from '../platform/kafka.ts'
import { postgresFault } from '../platform/postgres.ts'
import { describeFault } from '../platform/telemetry.ts'
import { temporalFault } from '../platform/temporal.ts'

type Activity = (input: never) => Promise<unknown>

/** The activities with their errors turned into what Temporal acts upon; the one place where the kinds are mapped. */
export function withFailures<A extends Record<string, Activity>>(activities: A): A {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (input: never) => {
      try {
        return await activity(input)
      } catch (error) {
        // What was cancelled has not failed.
        if (Context.current().cancellationSignal.aborted) await Context.current().cancelled
        throw toFailure(error)
      }
    },
  ])
  return Object.fromEntries(wrapped) as A
}

/** `retry` is tried again for as long as it takes; every other kind needs a person, and says so at once. */
export function toFailure(error: unknown): TemporalFailure {
  if (error instanceof TemporalFailure) return error
  const known = knownFault(error)
  const fix = known.fix === undefined ? '' : `; fix: ${known.fix}`
  return ApplicationFailure.create({
    type: known.code,
    message: `${known.message}${fix}`,
    nonRetryable: known.kind !== 'retry',
    ...(error instanceof Error ? { cause: withoutValues(error) } : {}),
  })
}

// Temporal keeps what a run has failed of, for all to see: the same error as a log may hold it.
function withoutValues(error: Error): Error {
  const { message, stack } = describeFault(error) as { message: string; stack?: string }
  return Object.assign(new Error(message), { name: error.name, stack: stack ?? message })
}

// Serialization failure, deadlock, lock timeout: over by the next try.
const PASSING = new Set(['40001', '40P01', '55P03'])

// Activities do not know the addresses, but by the names of their settings.
const TEMPORAL = { temporalAddress: 'TEMPORAL_ADDRESS', temporalNamespace: 'TEMPORAL_NAMESPACE' }

function knownFault(error: unknown): UpiError {
  const stored = postgresFault(error, 'TRANSFORM_DATABASE_URL')
  const fault = temporalFault(kafkaFault(stored, ['KAFKA_BROKERS']), TEMPORAL)
  if (fault instanceof UpiError) return fault
  // What Postgres says of a value is people's data.
  const { message } = describeFault(error)
  const { code } = (error ?? {}) as { code?: unknown }
  const isPassing = typeof code === 'string' && PASSING.has(code)
  return new UpiError(isPassing ? 'POSTGRES_BUSY' : 'BUG', message, { cause: error })
}
