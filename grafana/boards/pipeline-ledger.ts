import { table, timeSeries } from '../builder/kinds.ts'
import { prom, rows, series } from '../builder/query.ts'
import { beginOf, daysShown, perMinute, share } from '../builder/sql.ts'
import { DAY_STATES } from './day-states.ts'
import { NO_WORKER } from './pipeline-processes.ts'

/** Which rule is broken, and how. */
export function rejectedRecently() {
  return table({
    title: 'Rejected in this range',
    about:
      'Rejected messages of this range by rule and detail, which names the field and never its value, the most frequent first.',
    unit: 'count',
    empty: 'Nothing rejected in this range',
    fields: {
      rule: { width: 190 },
      messages: { width: 90 },
      open: { width: 90, steps: ['text', [1, 'orange']] },
    },
    queries: [
      rows(`
select reason_code as "rule", count(*) as "messages",
  count(*) filter (where resolution is null) as "open", min(detail) as "for example",
  max(rejected_at) as "last"
from ops.rejected_messages
where $__timeFilter(rejected_at)
group by 1
order by 2 desc, 1
limit 50`),
    ],
  })
}

/** Whether payments come after their minute was over. */
export function late() {
  return timeSeries({
    title: 'Late',
    about:
      'Messages that changed a payment over a minute after the minute in which it was made had ended, by that minute.',
    unit: 'perMinute',
    empty: 'No payments in this range',
    interval: '1m',
    style: 'bars',
    min: 0,
    queries: [
      series(`
select $__timeGroupAlias(window_start, $__interval), ${perMinute('sum(late)')} as "late"
from ops.minute_deltas
where $__timeFilter(window_start)
group by 1
order by 1`),
    ],
  })
}

/** Whether codes come that nobody knows. */
export function unclassified() {
  return timeSeries({
    title: 'Unclassified declines',
    about:
      'Share of the declines of each day of the last two weeks whose response code is of no class, or is missing.',
    unit: 'share',
    decimals: 2,
    empty: 'No declines in the last two weeks',
    range: '14d',
    min: 0,
    softMax: 0.05,
    queries: [
      series(`
select ${beginOf('date')} as "time",
  ${share('coalesce(sum(txns) filter (where class is null), 0)', 'sum(txns)')} as "unclassified"
from decline_upi_summary
where ${daysShown('date')}
group by date
order by 1`),
    ],
  })
}

/** How far each mart is behind. */
export function marksByAge() {
  return timeSeries({
    title: 'How old figures are',
    about:
      'How long the oldest change that a model does not show yet has waited, and how long clean has not been searched for changes.',
    unit: 'seconds',
    empty: NO_WORKER,
    min: 0,
    steps: ['transparent', [600, 'red']],
    showSteps: true,
    queries: [
      prom('max by (model) (upi_models_oldest_mark_age_seconds)', '{{model}}'),
      prom('max(upi_models_discovery_age_seconds)', 'not searched'),
    ],
  })
}

/** What the models did. */
export function builds() {
  return table({
    title: 'Builds of models',
    about: 'What models built in this range, those that failed first, then the slowest.',
    unit: 'count',
    empty: 'Nothing was built in this range',
    fields: {
      model: { width: 200 },
      failed: { steps: ['text', [1, 'red']] },
      slowest: { unit: 'seconds', decimals: 2 },
      'seconds in all': { unit: 'seconds', decimals: 1 },
    },
    queries: [
      rows(`
select model, count(*) filter (where state = 'failed') as "failed",
  count(*) filter (where state = 'built') as "built", max(seconds)::float8 as "slowest",
  sum(seconds)::float8 as "seconds in all",
  sum(rows_inserted + rows_updated + rows_deleted)::bigint as "rows changed",
  max(finished_at) as "last", max(error) as "error"
from ops.model_builds
where $__timeFilter(finished_at)
group by 1
order by 2 desc, 4 desc, 1
limit 50`),
    ],
  })
}

/** Which days are final. */
export function days() {
  return table({
    title: 'Days',
    about:
      'The days of the last two weeks that have figures or were tried, and how far each is: open figures are provisional, closed ones final, revised ones were final and have changed.',
    unit: 'count',
    empty: 'No day is known yet',
    range: '14d',
    fields: {
      day: { width: 100 },
      state: {
        width: 80,
        names: DAY_STATES,
      },
      'closed at': { width: 180 },
      revision: { width: 80 },
    },
    queries: [
      rows(`
select date::text as "day", case when failed then 'failed' else coalesce(state, 'open') end as "state",
  closed_at as "closed at", revision, reason, error
from (
  select date from ops.day_status where ${daysShown('date')}
  union
  select date from daily_upi_summary where ${daysShown('date')}
) as known
left join ops.day_status using (date)
order by date desc`),
    ],
  })
}

/** The books that are about no days: each run looks at all of them. */
const WHOLE_BOOKS = ['spans', 'offsets', 'clean', 'conflicting', 'dim_merchants']

/** What reconcile found: as the metric upi_books has it, with what was found and of which days. */
export function books() {
  return table({
    title: 'Books',
    about:
      'What the last reconciliation of the last week found of each book, or one before it that found it broken for days that were not looked at since.',
    unit: 'count',
    empty: 'Nothing was reconciled in the last week',
    range: '7d',
    fields: {
      book: { width: 160 },
      state: {
        width: 90,
        names: {
          balanced: { color: 'green' },
          waits: { color: 'yellow' },
          pending: { color: 'yellow' },
          broken: { color: 'red' },
        },
      },
    },
    queries: [
      rows(`
with recent as (
  select *, case when book in (${WHOLE_BOOKS.map((book) => `'${book}'`).join(', ')}) then daterange(null, null)
    else daterange(first_day, last_day, '[]') end as days
  from ops.book_checks where $__timeFilter(reconciled_at)
)
select book, state, line as "found", wrong, first_day::text as "from", last_day::text as "to",
  reconciled_at as "at"
from (
  select distinct on (book) *
  from recent as found
  where state <> 'broken' or not coalesce((
    select range_agg(later.days) @> found.days from recent as later
    where later.book = found.book and later.reconciled_at > found.reconciled_at and later.state <> 'broken'
  ), false)
  order by book, (state = 'broken') desc, reconciled_at desc, last_day desc
) as standing
order by (state = 'broken') desc, (state = 'balanced'), book`),
    ],
  })
}
