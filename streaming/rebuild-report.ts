import { REBUILD_EXAMPLES_MAX } from '../core/limits.ts'
import type { BusinessDate } from '../core/time.ts'

/** How many transactions a reason has, and the ids of some. */
export interface Tally {
  readonly transactions: number
  readonly examples: readonly string[]
}

/** What a rebuild did, or would do, to some transactions. */
export interface Rebuilt {
  readonly changed: number
  readonly reasons: Readonly<Record<string, Tally>>
  /** Those that it leaves alone although they may differ, by what is in the way. */
  readonly left: Readonly<Record<string, Tally>>
  /** Days whose rows have changed. */
  readonly days: readonly BusinessDate[]
}

/** Counts transactions by reason, and keeps the ids of some. */
export function tally(
  named: readonly (readonly [reason: string, txnId: string])[],
): Rebuilt['reasons'] {
  const groups = Map.groupBy(named, ([reason]) => reason)
  return Object.fromEntries(
    [...groups].map(([reason, group]) => [
      reason,
      {
        transactions: group.length,
        examples: group.slice(0, REBUILD_EXAMPLES_MAX).map(([, txnId]) => txnId),
      },
    ]),
  )
}

/** Adds up what was done in several steps. */
export function addRebuilt(a: Rebuilt, b: Rebuilt): Rebuilt {
  return {
    changed: a.changed + b.changed,
    reasons: addTallies(a.reasons, b.reasons),
    left: addTallies(a.left, b.left),
    days: [...new Set([...a.days, ...b.days])].toSorted(),
  }
}

function addTallies(a: Rebuilt['reasons'], b: Rebuilt['reasons']): Rebuilt['reasons'] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        transactions: (a[name]?.transactions ?? 0) + (b[name]?.transactions ?? 0),
        examples: [...(a[name]?.examples ?? []), ...(b[name]?.examples ?? [])].slice(
          0,
          REBUILD_EXAMPLES_MAX,
        ),
      },
    ]),
  )
}
