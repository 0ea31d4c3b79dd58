/** All that the site shows. */
export interface Site {
  /** When it was written. */
  readonly at: Date
  /** Every model after those it reads. */
  readonly models: readonly ModelEntry[]
  readonly sources: readonly SourceEntry[]
  readonly edges: readonly Edge[]
}

export interface Edge {
  readonly from: string
  readonly to: string
  /** The changed rows of `from` say which keys of `to` are stale. */
  readonly isFollowed: boolean
}

export interface SourceEntry {
  readonly name: string
  readonly readBy: readonly string[]
  readonly days: number
}

export interface ModelEntry {
  readonly name: string
  readonly kind: string
  readonly about: string
  readonly tags: readonly string[]
  readonly grain: readonly string[]
  readonly columns: readonly ColumnEntry[]
  /** Promises about whole rows, and sums that agree with others. */
  readonly checks: readonly { readonly name: string; readonly kind: 'rows' | 'sums' }[]
  readonly reads: readonly string[]
  readonly readBy: readonly string[]
  readonly sql: readonly SqlEntry[]
  readonly runs: readonly RunEntry[]
  readonly days: readonly DayEntry[]
  /** A model without days is about to be built. */
  readonly isStale: boolean
  /** About how many rows it has; undefined of a view, or if Postgres has not counted yet. */
  readonly rows: number | undefined
  readonly builtAt: Date | undefined
}

export interface ColumnEntry {
  readonly name: string
  readonly type: string
  readonly isNullable: boolean
  readonly isKey: boolean
  readonly about: string
  readonly checks: readonly string[]
}

export interface SqlEntry {
  readonly title: string
  readonly about: string
  readonly text: string
}

export interface RunEntry {
  readonly at: Date
  readonly day: string | null
  readonly state: 'built' | 'failed'
  readonly reason: string | null
  readonly error: string | null
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
  readonly seconds: number
}

/** How a day of a model stands. */
export type DayState = 'built' | 'closed' | 'revised' | 'dirty' | 'failed' | 'archived'

export interface DayEntry {
  readonly date: string
  readonly state: DayState
  readonly builtAt: Date | undefined
  readonly revision: number
}

/** How a model stands as a whole: the worst of its days. */
export function stateOf({ days, isStale }: ModelEntry): 'fresh' | 'dirty' | 'failed' {
  if (days.some(({ state }) => state === 'failed')) return 'failed'
  return isStale || days.some(({ state }) => state === 'dirty') ? 'dirty' : 'fresh'
}
