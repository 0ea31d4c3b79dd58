/** The business dates that a dashboard's range touches, as a condition on a column of dates; an index finds them. */
export function daysShown(column: string): string {
  return `${column} between ${dayOf('$__timeFrom()')} and ${dayOf('$__timeTo()')}`
}

/** The business date of an instant that a macro gives. */
export function dayOf(instant: string): string {
  return `(${instant}::timestamptz at time zone 'Asia/Kolkata')::date`
}

/** The instant at which a business date begins: where it stands on the axis of time. */
export function beginOf(day: string): string {
  return `(${day}::timestamp at time zone 'Asia/Kolkata')`
}

/** The business date of now. */
export const TODAY = `(now() at time zone 'Asia/Kolkata')::date`

/** A share as Grafana takes it; null where there is nothing to divide by. */
export function share(part: string, whole: string): string {
  return `(${part})::float8 / nullif(${whole}, 0)::float8`
}

/** A sum over an interval of a graph, as so many a minute. */
export function perMinute(sum: string): string {
  return `(${sum})::float8 / (extract(epoch from interval '$__interval') / 60)::float8`
}

/** In crore, ten million rupees. */
export function crore(rupees: string): string {
  return `(${rupees} / 10000000)::float8`
}

/** The buckets of latency that the minute metrics count, as ops.latency_quantile takes them. */
export const LATENCY_COLUMNS = [
  'latency_250ms',
  'latency_500ms',
  'latency_1s',
  'latency_2s',
  'latency_3s',
  'latency_5s',
  'latency_10s',
  'latency_15s',
  'latency_20s',
  'latency_30s',
  'latency_over',
] as const

/** The seconds within which a share of answers came. */
export function answeredWithin(quantile: number): string {
  return `ops.latency_quantile(${quantile}, array[${LATENCY_COLUMNS.map((column) => `sum(${column})`).join(', ')}]::bigint[])`
}

/** The hours of a day, with those that NPCI calls peak hours: 10 to 13 and 17 to 21:30. */
export const HOURS = Array.from({ length: 24 }, (_, hour) => ({
  hour,
  name: `${String(hour).padStart(2, '0')}${(hour >= 10 && hour < 13) || (hour >= 17 && hour < 22) ? ' peak' : ''}`,
}))

/** Every day of the range with a column an hour: what a heat map shows. */
export function hoursByDay(figure: (rows: string) => string): string {
  const columns = HOURS.map(
    ({ hour, name }) => `  ${figure(`filter (where h.hour = ${hour})`)} as "${name}"`,
  )
  return `
select ${beginOf('d.day')} as "time",
${columns.join(',\n')}
from generate_series(${dayOf('$__timeFrom()')}, ${dayOf('$__timeTo()')}, interval '1 day') as d(day)
left join hourly_upi_summary h on h.date = d.day::date
group by d.day
order by 1`
}
