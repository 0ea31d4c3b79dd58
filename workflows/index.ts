// Every workflow. The worker bundles this one file and all it reaches, for Temporal's sandbox.
export { backup } from './backup.ts'
export { dailyUpiAggregation } from './daily-upi-aggregation.ts'
export { tick } from './tick.ts'
