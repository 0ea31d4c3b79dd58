/** What runs when. The schedule itself starts a thin tick, which starts the workflow under its business id. */
export interface Schedule {
  readonly id: string
  readonly about: string
  readonly at: { readonly hour: number; readonly minute: number }
  readonly timezone: string
  /** When the last run has not ended: wait in line, or be dropped. */
  readonly overlap: 'BUFFER_ALL' | 'SKIP'
  /** How long after an outage missed runs are made up for. */
  readonly catchupDays: number
  readonly workflow: string
  /** Id of the workflow; `<date>` is the business day that ended before the nominal time. */
  readonly workflowId: string
}
