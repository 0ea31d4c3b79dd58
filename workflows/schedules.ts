import { daysOf, type Schedule } from '../core/schedule.ts'

/** What runs when; `./upi schedules apply` brings Temporal to this list. */
export const SCHEDULES: readonly Schedule[] = [
  {
    id: 'daily-upi-aggregation',
    about: 'Closes the business day that ended.',
    at: { hour: 0, minute: 5 },
    timezone: 'Asia/Kolkata',
    // Every missed day is made up for, in order, one at a time.
    overlap: 'BUFFER_ALL',
    catchupSeconds: daysOf(30),
    workflow: 'dailyUpiAggregation',
    workflowId: 'daily-upi-aggregation/<date>',
  },
  {
    id: 'upi-refresh',
    about: 'Builds what is dirty.',
    at: { everySeconds: 60 },
    timezone: 'Asia/Kolkata',
    // The next one finds all that a missed one would have built.
    overlap: 'SKIP',
    catchupSeconds: 10,
    workflow: 'refreshDirty',
    workflowId: 'refresh-dirty',
  },
  {
    id: 'reconcile',
    about: 'Proves the books of the last seven days.',
    at: { hour: 1, minute: 30 },
    timezone: 'Asia/Kolkata',
    overlap: 'SKIP',
    catchupSeconds: daysOf(1),
    isHeavy: true,
    workflow: 'reconcile',
    workflowId: 'reconcile/<date>',
  },
  {
    id: 'backup',
    about: 'Takes a base backup of Postgres and removes the oldest.',
    at: { hour: 2, minute: 30 },
    timezone: 'Asia/Kolkata',
    // What was missed is not made up for more than once: a backup is of now.
    overlap: 'SKIP',
    catchupSeconds: daysOf(1),
    isHeavy: true,
    workflow: 'backup',
    workflowId: 'backup/<date>',
  },
  {
    id: 'retention',
    about: 'Removes from Postgres what is older than UPI_RETENTION_DAYS and in the lake.',
    at: { hour: 3, minute: 30 },
    timezone: 'Asia/Kolkata',
    overlap: 'SKIP',
    catchupSeconds: daysOf(1),
    isHeavy: true,
    workflow: 'enforceRetention',
    workflowId: 'enforce-retention/<date>',
    pausedBecause: 'paused until there is a lake: rows leave Postgres only once they are in it',
  },
]
