/**
 * The units that our panels use, by their ids in Grafana. Counts are grouped by the reader's browser, in India as lakh and
 * crore. Grafana's own ₹ counts in thousands and millions: sums are shown in crore, as NPCI does, and exact amounts
 * are text of ops.rupees.
 */
export const UNITS = {
  count: 'locale',
  perMinute: 'suffix:/min',
  perSecond: 'suffix:/s',
  share: 'percentunit',
  seconds: 's',
  milliseconds: 'ms',
  bytes: 'bytes',
  /** Of figures that stay below some thousands, such as an average ticket. */
  rupees: 'prefix:₹',
  crore: 'suffix:₹ crore',
  text: 'string',
} as const

export type Unit = keyof typeof UNITS
