import {
  ApplicationFailure,
  proxyActivities,
  setCurrentDetails,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import type { Activities, ModelRun } from '../activities/index.ts'
import { STREAM_WAIT_MS_MAX } from '../core/limits.ts'
import { type BusinessDate, isDate } from '../core/time.ts'
import { LONG, SHORT } from './activity-options.ts'
import { businessDateAt, dayThatEnded } from './business-day.ts'
import { UPI_BUSINESS_DATE, UPI_MODEL } from './search-attributes.ts'

const { buildDay, closeDay } = proxyActivities<Activities>(LONG)
const { measureLag } = proxyActivities<Activities>(SHORT)

export interface DailyUpiAggregationInput {
  /** Business date; by default the day that ended. */
  readonly date?: BusinessDate
  /** Who asks, for the ledger. */
  readonly actor?: string
}

export interface DailyUpiAggregationResult {
  readonly date: BusinessDate
  /** A day that is not over is provisional and stays open. */
  readonly state: 'closed' | 'provisional'
  readonly runs: readonly ModelRun[]
}

/**
 * Builds one business day, and closes it if it is over and the stream has written all that Kafka held.
 * Id: `daily-upi-aggregation/<date>`.
 */
export async function dailyUpiAggregation(
  input?: DailyUpiAggregationInput | null,
): Promise<DailyUpiAggregationResult> {
  const date = input?.date ?? dayThatEnded(Date.now())
  if (!isDate(date)) {
    throw ApplicationFailure.nonRetryable(
      `'${date}' is not a day such as 2026-02-01`,
      'OPTION_INVALID',
    )
  }
  // Asked before the build: a day that ends during it has not been seen whole.
  const isOver = date < businessDateAt(Date.now())
  upsertSearchAttributes([
    { key: UPI_BUSINESS_DATE, value: date },
    { key: UPI_MODEL, value: 'all' },
  ])
  if (isOver) await awaitStream(date)
  setCurrentDetails(`Building **${date}**${isOver ? '' : ', which is not over: provisional'}.`)
  const actor = input?.actor ?? 'temporal'
  const { runs } = await buildDay({ date, actor, reason: isOver ? 'close' : 'provisional' })
  if (isOver) await closeDay({ date, actor })
  setCurrentDetails(`**${date}** is built and ${isOver ? 'closed' : 'provisional'}.`)
  return { date, state: isOver ? 'closed' : 'provisional', runs }
}

const LOOK_EVERY = '1 second'

/** A day that is over has its messages in Kafka, not all of them in clean: what it holds now is waited for. */
async function awaitStream(date: BusinessDate): Promise<void> {
  const began = Date.now()
  const { spans, lag: first } = await measureLag({})
  for (let lag = first; lag > 0; lag = (await measureLag({ spans })).lag) {
    if (Date.now() - began > STREAM_WAIT_MS_MAX) {
      throw ApplicationFailure.nonRetryable(
        `${date} is not closed: the stream is ${lag} messages behind; fix: see ./upi status and ./upi logs stream`,
        'STREAM_BEHIND',
      )
    }
    setCurrentDetails(`Waiting for the stream, which is ${lag} messages behind.`)
    await sleep(LOOK_EVERY)
  }
}
