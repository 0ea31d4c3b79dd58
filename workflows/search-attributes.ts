import { defineSearchAttributeKey } from '@temporalio/common'

/** By these, runs are found in the Temporal UI. No personal data: they are stored in the clear. */
export const UPI_MODEL = defineSearchAttributeKey('UpiModel', 'KEYWORD')
export const UPI_BUSINESS_DATE = defineSearchAttributeKey('UpiBusinessDate', 'KEYWORD')
export const UPI_BACKFILL = defineSearchAttributeKey('UpiBackfill', 'KEYWORD')

/** Set by the server on runs of a schedule: when the run was due, not when it began. */
export const SCHEDULED_START_TIME = defineSearchAttributeKey(
  'TemporalScheduledStartTime',
  'DATETIME',
)
