import {
  ApplicationFailure,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import type { Activities, ModelRun } from '../activities/index.ts'
import { type BusinessDate, isDate } from '../core/time.ts'
import { LONG, SHORT } from './activity-options.ts'
import { businessDateAt, dayThatEnded } from './business-day.ts'
import { UPI_BUSINESS_DATE, UPI_MODEL } from './search-attributes.ts'

const { buildDay } = proxyActivities<Activities>(LONG)
const { closeDay } = proxyActivities<Activities>(SHORT)

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

/** Builds one business day, and closes it if it is over. Id: `daily-upi-aggregation/<date>`. */
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
  setCurrentDetails(`Building **${date}**${isOver ? '' : ', which is not over: provisional'}.`)
  const actor = input?.actor ?? 'temporal'
  const { runs } = await buildDay({ date, actor, reason: isOver ? 'close' : 'provisional' })
  if (isOver) await closeDay({ date, actor })
  setCurrentDetails(`**${date}** is built and ${isOver ? 'closed' : 'provisional'}.`)
  return { date, state: isOver ? 'closed' : 'provisional', runs }
}
