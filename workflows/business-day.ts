import { addDays, type BusinessDate, businessDateOf, isDate } from '../core/time.ts'

/** The business date at an instant in milliseconds. */
export function businessDateAt(millis: number): BusinessDate {
  return businessDateOf(millis * 1000)
}

/** The last business date that was over at an instant in milliseconds. */
export function dayThatEnded(millis: number): BusinessDate {
  return addDays(businessDateAt(millis), -1)
}

// Late payments and status updates come within days: the last week is proven each night, older days when asked.
const DAYS_DEFAULT = 7

/** The days that a reconcile is asked for. */
export function reconciledDays(
  { from, to, date }: { from?: BusinessDate; to?: BusinessDate; date?: BusinessDate },
  now: number,
): { from: BusinessDate; to: BusinessDate } {
  const last = to ?? date ?? dayThatEnded(now)
  return { to: last, from: from ?? (isDate(last) ? addDays(last, 1 - DAYS_DEFAULT) : last) }
}
