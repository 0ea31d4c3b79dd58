// Every workflow. The worker bundles this one file and all it reaches, for Temporal's sandbox.
export { dailyUpiAggregation } from './daily-upi-aggregation.ts'
export { reconcile } from './reconcile.ts'
export { tick } from './tick.ts'
