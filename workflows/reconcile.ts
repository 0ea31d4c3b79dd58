import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import type { Activities, Reconciled } from '../activities/index.ts'
import type { BusinessDate } from '../core/time.ts'
import { LONG } from './activity-options.ts'
import { reconciledDays } from './business-day.ts'
import { UPI_BUSINESS_DATE } from './search-attributes.ts'
import { dayOf, fieldsOf, refuse } from './steps/fields-of.ts'

const { reconcileRange } = proxyActivities<Activities>(LONG)

export interface ReconcileInput {
  /** First business date; by default six days before the last. */
  readonly from?: BusinessDate
  /** Last business date; by default the day that ended. */
  readonly to?: BusinessDate
  /** The same as `to`, as schedules say it. */
  readonly date?: BusinessDate
  /** Who asks, for what is kept. */
  readonly actor?: string
}

export interface ReconcileResult extends Reconciled {
  readonly from: BusinessDate
  readonly to: BusinessDate
}

/**
 * Proves the books of some days at one snapshot: raw, clean, live figures, marts and ledgers. It only reports; what it
 * finds is in `ops.reconciliations`. Input `{from, to}`, by default the last seven days that ended. Id:
 * `reconcile/<from>..<to>`.
 */
export async function reconcile(input?: ReconcileInput | null): Promise<ReconcileResult> {
  const asked = fieldsOf(input, ['from', 'to', 'date', 'actor'])
  const { from, to } = reconciledDays(asked, Date.now())
  for (const day of [from, to]) dayOf(day)
  if (to < from) refuse(`${to} lies before ${from}`)
  upsertSearchAttributes([{ key: UPI_BUSINESS_DATE, value: to }])
  setCurrentDetails(`Reconciling **${from}** to **${to}**.`)
  const { state, books } = await reconcileRange({ from, to, actor: asked.actor ?? 'temporal' })
  setCurrentDetails([`**${from}** to **${to}**: ${state}.`, '', ...books.map(lineOf)].join('\n'))
  return { from, to, state, books }
}

function lineOf({ name, state, line }: Reconciled['books'][number]): string {
  return `- ${name}: ${state}${state === 'balanced' ? '' : `: ${line}`}`
}
