import { heatmap, table, timeSeries } from '../builder/kinds.ts'
import { rows, series } from '../builder/query.ts'
import { beginOf, dayOf, daysShown, share, TODAY } from '../builder/sql.ts'

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

// A column a weekday and a row a week, without a gap: the shape of a calendar.
function byWeek(figure: string): string {
  const days = WEEKDAYS.map(
    (name, index) =>
      `  max(${figure}) filter (where d.date = week::date + ${index})::float8 as "${name}"`,
  )
  return `
select ${beginOf('week')} as "time",
${days.join(',\n')}
from generate_series(date_trunc('week', ${dayOf('$__timeFrom()')}::timestamp), ${dayOf('$__timeTo()')}, interval '7 days') as weeks(week)
left join daily_upi_summary d on d.date between week::date and week::date + 6
group by week
order by 1`
}

const CALENDAR = { empty: 'No day has been built', isTopDown: true, range: '180d' } as const

/** Every day of half a year at a glance: how many payments. */
export function calendar() {
  return heatmap({
    ...CALENDAR,
    title: 'Calendar of payments',
    about: 'Payments of each day of the last half year, a column a week and a row a weekday.',
    unit: 'count',
    scheme: 'Greens',
    queries: [series(byWeek('d.total_txns'))],
  })
}

/** Every day of half a year at a glance: how many of them failed. */
export function calendarOfSuccess() {
  return heatmap({
    ...CALENDAR,
    title: 'Calendar of failures',
    about:
      'Share of the payments of each day of the last half year that failed, a column a week and a row a weekday.',
    unit: 'share',
    decimals: 2,
    scheme: 'Reds',
    queries: [series(byWeek('d.failed_txns::float8 / nullif(d.total_txns, 0)'))],
  })
}

// Of weeks that are compared the newest day, whatever the range begins with.
const LAST_WHOLE_DAY = `least(${dayOf('$__timeTo()')}, ${TODAY} - 1)`

/** Codes, the most frequent first, beside the same time before. */
export function declineCodes() {
  return table({
    title: 'Response codes of declines',
    about:
      'Declined payments of this range by response code, with its class, its share, and by how much the last seven whole days differ from the seven before.',
    unit: 'count',
    empty: 'Nothing was declined in this range',
    fields: {
      code: { width: 70 },
      class: {
        width: 110,
        names: {
          TD: { color: 'red' },
          BD: { color: 'purple' },
          unclassified: { color: 'text' },
        },
      },
      share: { unit: 'share', decimals: 2, width: 80 },
      'on week': { unit: 'share', decimals: 1, width: 90 },
    },
    queries: [
      rows(`
with codes as (
  select response_code, max(class) as class, sum(txns) filter (where ${daysShown('date')}) as declines,
    coalesce(sum(txns) filter (where date between ${LAST_WHOLE_DAY} - 6 and ${LAST_WHOLE_DAY}), 0) as week,
    sum(txns) filter (where date between ${LAST_WHOLE_DAY} - 13 and ${LAST_WHOLE_DAY} - 7) as week_before
  from decline_upi_summary
  where date between least(${dayOf('$__timeFrom()')}, ${LAST_WHOLE_DAY} - 13) and ${dayOf('$__timeTo()')}
  group by 1
)
select case response_code when '' then 'unknown' else response_code end as "code",
  coalesce(m.about, 'unknown') as "meaning", coalesce(codes.class, 'unclassified') as "class",
  declines::bigint as "declines", ${share('declines', 'sum(declines) over ()')} as "share",
  ${share('week - week_before', 'week_before')} as "on week"
from codes
left join ops.decline_meanings m on m.code = response_code
where declines > 0
order by 4 desc, 1
limit 50`),
    ],
  })
}

/** How the most frequent codes went. */
export function declineCodesADay() {
  return timeSeries({
    title: 'Declines a day by code',
    about:
      'Declined payments of each day by response code, for the eight most frequent codes of this range.',
    unit: 'count',
    empty: 'Nothing was declined in this range',
    style: 'bars',
    isStacked: true,
    queries: [
      series(`
with frequent as (
  select response_code
  from decline_upi_summary
  where ${daysShown('date')}
  group by 1
  order by sum(txns) desc, 1
  limit 8
)
select ${beginOf('date')} as "time",
  case response_code when '' then 'unknown' else response_code end as metric,
  txns::float8 as "declines"
from decline_upi_summary
join frequent using (response_code)
where ${daysShown('date')}
order by 1, 2`),
    ],
  })
}
