/** What runs when. The schedule itself starts a thin tick, which starts the workflow under its business id. */
export interface Schedule {
  readonly id: string
  readonly about: string
  /** A time of the day, or every so often. */
  readonly at:
    | { readonly hour: number; readonly minute: number }
    | { readonly everySeconds: number }
  readonly timezone: string
  /** When the last run has not ended: wait in line, or be dropped. */
  readonly overlap: 'BUFFER_ALL' | 'SKIP'
  /** How long after an outage missed runs are made up for; Temporal's least is ten seconds. */
  readonly catchupSeconds: number
  readonly workflow: string
  /** Id of the workflow; `<date>` is the business day that ended before the nominal time. */
  readonly workflowId: string
  /** Its work may wait for other such work, and holds up nothing else. */
  readonly isHeavy?: boolean
  /** Why it is made paused, if it is; an operator's resume holds. */
  readonly pausedBecause?: string
}

const DAY_SECONDS = 86_400

/** A catch-up window in days. */
export function daysOf(days: number): number {
  return days * DAY_SECONDS
}
