import { defineQuery, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow'
import type { Activities, RebuiltDay } from '../activities/index.ts'
import { REBUILD_DAYS_MAX } from '../core/limits.ts'
import { addDays, type BusinessDate, dayNumberOf } from '../core/time.ts'
import { LONG, SHORT } from './activity-options.ts'
import { dayOf, fieldsOf, refuse } from './steps/fields-of.ts'

const { buildDay, rebuildDay } = proxyActivities<Activities>(LONG)
const { noteRun } = proxyActivities<Activities>(SHORT)

export interface RebuildCleanInput {
  /** The first and the last business date. */
  readonly from: BusinessDate
  readonly to: BusinessDate
  /** Only tell what would change. */
  readonly dryRun?: boolean
  /** Who asks, for the audit log and the ledger. */
  readonly actor?: string
}

export interface RebuildCleanResult {
  readonly from: BusinessDate
  readonly to: BusinessDate
  readonly dryRun: boolean
  readonly days: readonly RebuiltDay[]
  /** Days whose marts were built again, since their rows have changed. */
  readonly built: readonly BusinessDate[]
}

/** How far a rebuild has come. */
export interface RebuildProgress {
  readonly doing: string
  readonly days: number
  readonly of: number
  readonly changed: number
}

export const rebuilding = defineQuery<RebuildProgress>('rebuilding')

/**
 * Makes clean, day by day, what the accepted messages of raw say under the present rules, and builds the marts of the days
 * that have changed. Rows that are right already are not touched. Id: `rebuild-clean/<from>..<to>`.
 */
export async function rebuildClean(input: RebuildCleanInput): Promise<RebuildCleanResult> {
  const known = ['from', 'to', 'dryRun', 'actor'] as const
  const { dryRun = false, actor = 'temporal', ...range } = fieldsOf(input, known)
  const from = dayOf(range.from)
  const to = dayOf(range.to)
  const dates = datesOf(from, to)
  const days: RebuiltDay[] = []
  let doing = 'starting'
  const changed = () => days.reduce((sum, day) => sum + day.changed, 0)
  setHandler(rebuilding, () => ({
    doing,
    days: days.length,
    of: dates.length,
    changed: changed(),
  }))
  const tell = (what: string) => {
    doing = what
    const rows = `${changed()} transactions ${dryRun ? 'differ' : 'changed'}`
    setCurrentDetails(
      `**${from}..${to}**: ${what}; ${days.length} of ${dates.length} days, ${rows}.`,
    )
  }
  await noteRun({ actor, action: 'rebuild', details: { from, to, dryRun } })
  for (const date of dates) {
    tell(`comparing ${date} with raw`)
    days.push(await rebuildDay({ date, dryRun, actor }))
  }
  const built = dryRun ? [] : [...new Set(days.flatMap((day) => day.days))].sort()
  for (const date of built) {
    tell(`building the marts of ${date}`)
    await buildDay({ date, actor, reason: 'rebuild' })
  }
  tell('done')
  return { from, to, dryRun, days, built }
}

function datesOf(from: BusinessDate, to: BusinessDate): BusinessDate[] {
  const count = dayNumberOf(to) - dayNumberOf(from) + 1
  if (count < 1) refuse(`to ${to} lies before from ${from}`)
  if (count > REBUILD_DAYS_MAX) refuse(`${count} days are more than ${REBUILD_DAYS_MAX}`)
  return Array.from({ length: count }, (_, days) => addDays(from, days))
}
