import { heatmap, timeSeries } from '../builder/kinds.ts'
import { series, sharedFrom } from '../builder/query.ts'
import { BOUNDS, EVERY_MINUTE } from './live-minutes.ts'

const PAYMENTS = 'Payments a minute'

/** What the panel of payments a minute has been answered. */
export const minutes = sharedFrom(PAYMENTS)

/** What stands in a panel of minutes when there are none. */
export const NO_MINUTES = 'No payments in this range'

const STATUS_COLORS = {
  success: { color: 'green' },
  pending: { color: 'yellow' },
  deemed: { color: 'orange' },
  failed: { color: 'red' },
  declined: { color: 'purple' },
  expired: { color: 'blue' },
  reversed: { color: 'text' },
} as const

/** The panel that asks; all others of minutes show parts of its answer. */
export function payments() {
  return timeSeries({
    title: PAYMENTS,
    about:
      'Payments by the minute in which they were made and the status that they have now; the last minute is still filling.',
    unit: 'perMinute',
    empty: NO_MINUTES,
    style: 'bars',
    isStacked: true,
    interval: '1m',
    fields: STATUS_COLORS,
    only: Object.keys(STATUS_COLORS),
    queries: [series(EVERY_MINUTE)],
  })
}

/** Where payments end, as shares. */
export function success() {
  return timeSeries({
    title: 'What became of payments',
    about:
      'Shares of the payments made in each minute, stacked to the whole; technical and business declines by their response code, as NPCI divides them.',
    unit: 'share',
    empty: NO_MINUTES,
    style: 'area',
    isStacked: true,
    max: 1,
    softMin: 0.8,
    decimals: 1,
    fields: {
      succeeded: { color: 'green' },
      'business declines': { color: 'purple' },
      'technical declines': { color: 'red' },
      'other failures': { color: 'blue' },
      waiting: { color: 'yellow' },
      'reversed share': { color: 'text' },
    },
    only: [
      'succeeded',
      'business declines',
      'technical declines',
      'other failures',
      'waiting',
      'reversed share',
    ],
    queries: [minutes],
  })
}

/** Failures by their status. */
export function failures() {
  return timeSeries({
    title: 'Failures a minute',
    about:
      'Payments that failed, were declined by the payer or expired, by the minute in which they were made.',
    unit: 'perMinute',
    empty: NO_MINUTES,
    fields: STATUS_COLORS,
    only: ['failed', 'declined', 'expired'],
    queries: [minutes],
  })
}

/** How long the answer takes. */
export function latency() {
  return timeSeries({
    title: 'Time to an answer',
    about:
      'Time within which half, 95 % and 99 % of the answers came, estimated from buckets: linear inside one, 30 s beyond the last.',
    unit: 'seconds',
    empty: 'No answers in this range',
    min: 0,
    softMax: 15,
    steps: ['transparent', [15, 'red']],
    showSteps: true,
    only: ['p50', 'p95', 'p99'],
    queries: [minutes],
  })
}

/** How many answers come too late. */
export function slow() {
  return timeSeries({
    title: 'Answers after 15 s',
    about: "Share of answers that came after 15 s, NPCI's limit for a payment.",
    unit: 'share',
    empty: 'No answers in this range',
    style: 'area',
    min: 0,
    softMax: 0.01,
    fields: { 'over 15 s': { color: 'red' } },
    only: ['over 15 s'],
    queries: [minutes],
  })
}

/** What has no final status, by minute. */
export function waiting() {
  return timeSeries({
    title: 'Waiting by minute',
    about:
      'Payments a minute that still have no final status, by the minute in which they were made: pending, or deemed, which are debited and not confirmed.',
    unit: 'perMinute',
    empty: NO_MINUTES,
    style: 'bars',
    isStacked: true,
    fields: STATUS_COLORS,
    only: ['pending', 'deemed'],
    queries: [minutes],
  })
}

/** What is moved. */
export function amounts() {
  return timeSeries({
    title: 'Amount a minute',
    about:
      'What successful payments moved, by the minute in which they were made; the last minute is still filling.',
    unit: 'crore',
    decimals: 2,
    empty: NO_MINUTES,
    style: 'bars',
    fields: { amount: { color: 'green' } },
    only: ['amount'],
    queries: [minutes],
  })
}

/** Who is paid. */
export function kinds() {
  return timeSeries({
    title: 'To people, to merchants, back',
    about:
      'Payments a minute to people and to merchants, and refunds, which are in none of the figures of payments.',
    unit: 'perMinute',
    empty: NO_MINUTES,
    only: ['to people', 'to merchants', 'refunds'],
    queries: [minutes],
  })
}

/** How answers spread over the buckets. */
export function latencySpread() {
  return heatmap({
    title: 'Spread of answers',
    about:
      'How many answers of each minute came within a time, from quickest at the bottom to slowest at the top.',
    unit: 'count',
    empty: 'No answers in this range',
    scheme: 'Blues',
    only: BOUNDS,
    queries: [minutes],
  })
}
