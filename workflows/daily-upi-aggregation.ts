import {
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import type { Activities, ModelRun } from '../activities/index.ts'
import type { BookState } from '../core/book-state.ts'
import type { BusinessDate } from '../core/time.ts'
import { LONG } from './activity-options.ts'
import { businessDateAt, dayThatEnded } from './business-day.ts'
import { UPI_BUSINESS_DATE, UPI_MODEL } from './search-attributes.ts'
import { awaitStream } from './steps/await-stream.ts'
import { dayOf, fieldsOf, refuse } from './steps/fields-of.ts'

const { buildDay, reconcileSums, closeDay, buildBackfillDay } = proxyActivities<Activities>(LONG)

export interface DailyUpiAggregationInput {
  /** Business date; by default the day that ended. */
  readonly date?: BusinessDate
  /** Who asks, for the ledger. */
  readonly actor?: string
  /** Set by a backfill, which has waited for the stream and looks after what all its days share. */
  readonly backfill?: { readonly id: string; readonly reason: string }
}

export interface DailyUpiAggregationResult {
  readonly date: BusinessDate
  /** A day that is not over is provisional and stays open. */
  readonly state: 'closed' | 'provisional'
  /** What was built; of a day of a backfill see the ledger. */
  readonly runs: readonly ModelRun[]
  /** What the sums of the books of a day say that was closed. */
  readonly books?: BookState
}

/**
 * Builds one business day, tries every check, and closes it if it is over and the stream has written all that Kafka
 * held. A failed check needs a person: the run fails at once and says so, the day stays open. Sums of the books that do
 * not agree are told, and keep no day open.
 * Id: `daily-upi-aggregation/<date>`. Input: `{"date": "2026-02-01", "actor": "asha"}`, both optional.
 */
export async function dailyUpiAggregation(
  input?: DailyUpiAggregationInput | null,
): Promise<DailyUpiAggregationResult> {
  const asked = fieldsOf(input, ['date', 'actor', 'backfill'])
  const date = dayOf(asked.date ?? dayThatEnded(Date.now()))
  // Who begins it by hand has not waited for the stream.
  if (asked.backfill !== undefined && workflowInfo().parent === undefined) {
    refuse('only a backfill gives the field backfill: start backfillRange')
  }
  // Asked before the build: a day that ends during it has not been seen whole.
  const isOver = date < businessDateAt(Date.now())
  const actor = asked.actor ?? 'temporal'
  if (asked.backfill !== undefined && isOver) {
    return await buildForBackfill(date, actor, asked.backfill)
  }
  upsertSearchAttributes([
    { key: UPI_BUSINESS_DATE, value: date },
    { key: UPI_MODEL, value: 'all' },
  ])
  if (isOver) await awaitStream(date)
  setCurrentDetails(`Building **${date}**${isOver ? '' : ', which is not over: provisional'}.`)
  const { runs } = await buildDay({ date, actor, reason: isOver ? 'close' : 'provisional' })
  if (!isOver) {
    setCurrentDetails(`**${date}** is built and provisional.`)
    return { date, state: 'provisional', runs }
  }
  const { state: books } = await reconcileSums({ from: date, to: date, actor })
  await closeDay({ date, actor })
  setCurrentDetails(`**${date}** is built and closed; books ${books}.`)
  return { date, state: 'closed', runs, books }
}

// Its search attributes come with its start.
async function buildForBackfill(
  date: BusinessDate,
  actor: string,
  { id, reason }: NonNullable<DailyUpiAggregationInput['backfill']>,
): Promise<DailyUpiAggregationResult> {
  setCurrentDetails(`Building **${date}** for \`${id}\`: ${reason}.`)
  await buildBackfillDay({ date, actor, reason: `backfill: ${reason}` })
  setCurrentDetails(`**${date}** is built and closed.`)
  return { date, state: 'closed', runs: [] }
}
