import { barChart, table, timeSeries } from '../builder/kinds.ts'
import { rows, series } from '../builder/query.ts'
import { share, TODAY } from '../builder/sql.ts'
import { daysOfPayersHandle } from './links.ts'
import { whole } from './live-minutes.ts'
import { BD_STEPS, SUCCESS_STEPS, TD_STEPS } from './steps.ts'

const SUCCESS = `sum(txns) filter (where status = 'SUCCESS')`
const WAITING = `sum(txns) filter (where status in ('PENDING', 'DEEMED'))`
const FAILED = `sum(txns) filter (where status in ('FAILED', 'DECLINED', 'EXPIRED'))`

/** Every handle of payers, the busiest first. */
export function handles() {
  return table({
    title: "Payers' handles",
    about:
      'Payments of this range by the handle of who pays, the busiest first; a click on a handle shows its days.',
    unit: 'count',
    empty: 'No payments in this range',
    fields: {
      handle: { links: [daysOfPayersHandle] },
      'success rate': {
        unit: 'share',
        decimals: 2,
        steps: SUCCESS_STEPS,
      },
      'TD %': { unit: 'share', decimals: 2, steps: TD_STEPS },
      'BD %': { unit: 'share', decimals: 2, steps: BD_STEPS },
      'waiting %': { unit: 'share', decimals: 2 },
    },
    queries: [
      rows(`
select payer_handle as "handle", sum(txns)::bigint as "payments",
  ${share(SUCCESS, `sum(txns) - coalesce(${WAITING}, 0)`)} as "success rate",
  ${share('sum(td)', 'sum(txns)')} as "TD %",
  ${share('sum(bd)', 'sum(txns)')} as "BD %",
  ${share(`coalesce(${WAITING}, 0)`, 'sum(txns)')} as "waiting %"
from ops.minute_deltas
where $__timeFilter(window_start) and payer_handle in ($handle)
group by 1
having sum(txns) > 0
order by 2 desc, 1
limit 50`),
    ],
  })
}

/** Which handle fails. */
export function failuresByHandle() {
  return timeSeries({
    title: 'Failed by handle',
    about:
      'Share of the payments of each minute that failed, were declined or expired, for the eight busiest handles of who pays.',
    unit: 'share',
    empty: 'No payments in this range',
    interval: '1m',
    min: 0,
    softMax: 0.1,
    queries: [
      series(`
with minutes as (
  select window_start, payer_handle, sum(txns) as txns, ${FAILED} as failed
  from ops.minute_deltas
  where $__timeFilter(window_start) and payer_handle in ($handle)
  group by window_start, payer_handle
), busiest as (
  select payer_handle from minutes group by 1 order by sum(txns) desc, 1 limit 8
)
select $__timeGroupAlias(window_start, $__interval), payer_handle as metric,
  ${whole(share('coalesce(sum(failed), 0)', 'sum(txns)'))} as "failed"
from minutes
join busiest using (payer_handle)
group by 1, 2
order by 1, 2`),
    ],
  })
}

/** What has no final status yet, by how long it has had none. */
export function waitingByAge() {
  return barChart({
    title: 'Waiting by age',
    about:
      'All payments without a final status, pending or deemed, by the hour or day in which they were made, as the marts have it.',
    unit: 'count',
    empty: 'No hours built yet',
    by: 'age',
    fields: { payments: { color: 'orange' } },
    queries: [
      rows(`
with waiting as (
  select (date + make_time(hour, 0, 0)) at time zone 'Asia/Kolkata' as made_at, pending_txns
  from hourly_upi_summary
  where date >= ${TODAY} - 6 and pending_txns > 0
  union all
  select date::timestamp at time zone 'Asia/Kolkata', pending_txns
  from daily_upi_summary
  where date < ${TODAY} - 6 and pending_txns > 0
)
select age, coalesce(sum(pending_txns), 0)::bigint as "payments"
from (values
  ('under 2 h', interval '0', interval '2 h'), ('2 to 6 h', '2 h', '6 h'),
  ('6 to 24 h', '6 h', '1 d'), ('1 to 2 days', '1 d', '2 d'), ('2 to 5 days', '2 d', '5 d'),
  ('over 5 days', '5 d', '100 y')) as ages (age, above, up_to)
left join waiting on made_at <= now() - above and made_at > now() - up_to
group by age, above
order by above`),
    ],
  })
}

/** What the rules have raised. */
export function alerts() {
  return table({
    title: 'Alerts about payments',
    about: 'What the rules raised about payments of the last 24 hours, the newest first.',
    unit: 'text',
    empty: 'No alerts in the last 24 hours',
    range: '24h',
    fields: {
      severity: {
        names: {
          critical: { color: 'red' },
          warning: { color: 'orange' },
          info: { color: 'blue' },
        },
        width: 80,
      },
    },
    queries: [
      rows(`
select event_time as "time", severity, rule, entity, state,
  acknowledged_by as "acknowledged by"
from upi_alerts
where $__timeFilter(event_time)
order by event_time desc
limit 100`),
    ],
  })
}
