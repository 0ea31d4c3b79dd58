import { addDays } from '../../core/time.ts'
import type { BookDays } from './book.ts'

/** Each day of a range. */
export function datesWithin({ from, to }: BookDays): string[] {
  const dates: string[] = []
  for (let date = from; date <= to; date = addDays(date, 1)) dates.push(date)
  return dates
}

/** Limits a column of instants to the UTC days of a range, so that only their partitions are read. */
export function withinUtcDays(column: string, days: BookDays | undefined): string {
  if (days === undefined) return 'true'
  return `(${column} >= '${days.from} 00:00:00+00' and ${column} < '${days.to} 00:00:00+00'::timestamptz + interval '24 hours')`
}

/** The same by India's days. */
export function withinBusinessDays(column: string, days: BookDays | undefined): string {
  if (days === undefined) return 'true'
  return `(${column} >= '${days.from} 00:00:00+05:30' and ${column} < '${days.to} 00:00:00+05:30'::timestamptz + interval '24 hours')`
}

/** Limits a column of dates. */
export function withinDates(column: string, days: BookDays | undefined): string {
  return days === undefined ? 'true' : `${column} between '${days.from}' and '${days.to}'`
}

/** Leaves out the days whose rows are in the lake. */
export function notArchived(date: string): string {
  return `${date} not in (select d.business_date from ops.days as d where d.archived_at is not null)`
}
