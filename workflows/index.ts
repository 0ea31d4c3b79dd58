// Every workflow. The worker bundles this one file and all it reaches, for Temporal's sandbox.
export { backfillRange } from './backfill-range.ts'
export { backup } from './backup.ts'
export { dailyUpiAggregation } from './daily-upi-aggregation.ts'
export { rebuildClean } from './rebuild-clean.ts'
export { reconcile } from './reconcile.ts'
export { refreshDirty } from './refresh-dirty.ts'
export { replayRejected } from './replay-rejected.ts'
export { tick } from './tick.ts'
