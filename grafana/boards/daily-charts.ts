import { timeSeries } from '../builder/kinds.ts'
import { series } from '../builder/query.ts'
import { beginOf, crore, daysShown, share } from '../builder/sql.ts'

/** What stands in a panel of days when there are none. */
export const NO_DAYS = 'No day of this range has been built'

// A day and the same day a week before, whichever of the two has figures.
function besideLastWeek(figure: string): string {
  return `
select ${beginOf('d.date')} as "time", (${figure.replaceAll('@', 'd')})::float8 as "this day",
  (${figure.replaceAll('@', 'w')})::float8 as "a week before"
from daily_upi_summary d
left join daily_upi_summary w on w.date = d.date - 7
where ${daysShown('d.date')}
order by 1`
}

const LAST_WEEK = { 'this day': { color: 'green' }, 'a week before': { color: 'text' } } as const

/** How many payments. */
export function paymentsBesideLastWeek() {
  return timeSeries({
    title: 'Payments a day',
    about:
      'All payments made on a day in India, and on the same day a week before; today is still filling.',
    unit: 'count',
    empty: NO_DAYS,
    min: 0,
    fields: LAST_WEEK,
    queries: [series(besideLastWeek('@.total_txns'))],
  })
}

/** How much money. */
export function amountsBesideLastWeek() {
  return timeSeries({
    title: 'Amount a day',
    about:
      'What the successful payments of a day moved, and those of the same day a week before; today is still filling.',
    unit: 'crore',
    decimals: 2,
    empty: NO_DAYS,
    min: 0,
    fields: LAST_WEEK,
    queries: [series(besideLastWeek(crore('@.total_amount')))],
  })
}

function aDay(columns: string): string {
  return `
select ${beginOf('date')} as "time", ${columns}
from daily_upi_summary
where ${daysShown('date')}
order by 1`
}

/** Both success rates. */
export function ratesADay() {
  return timeSeries({
    title: 'Success rate a day',
    about:
      'Share of the payments of a day that succeeded, of all and of those with a final status.',
    unit: 'share',
    decimals: 2,
    empty: NO_DAYS,
    max: 1,
    softMin: 0.9,
    queries: [
      series(aDay(`success_rate::float8 as "of all", terminal_success_rate::float8 as "of final"`)),
    ],
  })
}

/** Who was to blame, in NPCI's terms. */
export function declinesADay() {
  return timeSeries({
    title: 'Declines a day',
    about:
      'Share of the payments of a day that were declined for technical and for business reasons, stacked.',
    unit: 'share',
    decimals: 2,
    empty: NO_DAYS,
    style: 'area',
    isStacked: true,
    min: 0,
    fields: { technical: { color: 'red' }, business: { color: 'purple' } },
    queries: [
      series(
        aDay(
          `${share('td_txns', 'total_txns')} as "technical", ${share('bd_txns', 'total_txns')} as "business"`,
        ),
      ),
    ],
  })
}

/** How long the answer took. */
export function latencyADay() {
  return timeSeries({
    title: 'Time to an answer a day',
    about: 'Time within which half, 95 % and 99 % of the answers to payments of a day came, exact.',
    unit: 'milliseconds',
    empty: NO_DAYS,
    min: 0,
    steps: ['transparent', [15_000, 'red']],
    showSteps: true,
    queries: [
      series(aDay('p50_latency_ms as "p50", p95_latency_ms as "p95", p99_latency_ms as "p99"')),
    ],
  })
}

const CYCLES = [
  '21 to 24 h of the day before',
  '00 to 05 h',
  '05 to 07 h',
  '07 to 09 h',
  '09 to 11 h',
  '11 to 13 h',
  '13 to 15 h',
  '15 to 17 h',
  '17 to 19 h',
  '19 to 21 h',
].map((hours, index) => ({ cycle: index + 1, name: `${index + 1}: ${hours}` }))

/** What each of NPCI's cycles moved. */
export function settlement() {
  return timeSeries({
    title: 'Amount by settlement cycle',
    about:
      "What successful payments moved in each of NPCI's ten cycles of a settlement date, which begins at 21:00 of the day before.",
    unit: 'crore',
    decimals: 2,
    empty: 'No settlement date of this range has been built',
    style: 'bars',
    isStacked: true,
    queries: [
      series(`
select ${beginOf('settlement_date')} as "time",
${CYCLES.map(({ cycle, name }) => `  ${crore(`coalesce(sum(amount) filter (where cycle = ${cycle}), 0)`)} as "${name}"`).join(',\n')}
from settlement_upi_summary
where ${daysShown('settlement_date')}
group by settlement_date
order by 1`),
    ],
  })
}
