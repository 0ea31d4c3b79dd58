/*
 * From when on something is not well: asked by the alerts, and by ./upi status and ./upi doctor, so that whoever looks is
 * not told otherwise than who is woken.
 */

export const LAG_MESSAGES_MAX = 1_000

// One bad message among few is no rate.
export const REJECTED_RATIO_MAX = 0.01
export const REJECTED_MESSAGES_MIN = 10

// Dead letters that are not in their topic yet.
export const LETTERS_UNRELAYED_MAX = 1_000

export const MARTS_AGE_SECONDS_MAX = 600

// 00:30 in India, after the day that has ended.
export const CLOSE_OVERDUE_SECONDS_MAX = 1_800

// What is done daily: a day, and two hours for a run that is long.
export const DAILY_AGE_SECONDS_MAX = 26 * 3_600

// Models and rebuilds may take minutes; whoever looks at figures may not, and holds up others who look.
export const VIEWER_QUERY_SECONDS_MAX = 1

// Vacuum removes nothing that an open transaction may still see.
export const TRANSACTION_SECONDS_MAX = 1_800

// A refresh may run for long after a model has changed; figures that are old meanwhile are told by their age.
export const REFRESH_AGE_SECONDS_MAX = 3_600

// For how long a failed run is news.
export const FAILED_RUN_SECONDS_MAX = 1_800

// The share of connections that may be busy.
export const CONNECTIONS_BUSY_RATIO_MAX = 0.8

// The shares of a disk below which somebody should look, and must act.
export const DISK_FREE_RATIO_LOW = 0.2
export const DISK_FREE_RATIO_MIN = 0.1
