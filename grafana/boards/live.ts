import { type Board, band, wide } from '../builder/dashboard.ts'
import { stat } from '../builder/kinds.ts'
import { rows } from '../builder/query.ts'
import { crore, TODAY } from '../builder/sql.ts'
import { anyFound } from '../builder/variable.ts'
import { busyHours, failedHours } from './hour-maps.ts'
import {
  amounts,
  failures,
  kinds,
  latency,
  latencySpread,
  minutes,
  NO_MINUTES,
  payments,
  slow,
  success,
  waiting,
} from './live-charts.ts'
import { alerts, failuresByHandle, handles, waitingByAge } from './live-lists.ts'
import { SUCCESS_STEPS, TD_STEPS } from './steps.ts'

/** UPI live: are payments flowing, and do they succeed? */
export function live(): Board {
  return {
    uid: 'upi-live',
    title: 'UPI live',
    question: 'Are payments flowing, and do they succeed?',
    from: 'now-30m',
    refresh: '5s',
    variables: [
      anyFound({
        name: 'handle',
        label: "Payer's handle",
        about: 'Payments of these handles only, in all panels about minutes.',
        column: 'payer_handle',
        sql: `
select payer_handle
from ops.minute_deltas
where $__timeFilter(window_start)
group by 1
order by sum(txns) desc, 1
limit 200`,
      }),
    ],
    marks: {
      name: 'Critical alerts',
      color: 'red',
      sql: `
select event_time as "time", rule || ' ' || entity as "text", severity as "tags"
from upi_alerts
where $__timeFilter(event_time) and severity = 'critical' and state <> 'withdrawn'
order by event_time desc
limit 50`,
    },
    bands: [
      band(4, wide(9, today()), ...now()),
      band(9, payments(), success()),
      band(8, failures(), latency(), slow()),
      band(9, handles(), failuresByHandle()),
      band(8, waiting(), waitingByAge(), alerts()),
      band(8, amounts(), kinds(), latencySpread()),
      band(11, busyHours(), failedHours()),
    ],
  }
}

function today() {
  return stat({
    title: 'Today so far',
    about:
      'All payments of today in India, the share of those with a final status that succeeded, and what they moved, as the marts have it.',
    unit: 'count',
    empty: 'Nothing built for today yet',
    fields: {
      'success rate': { unit: 'share', decimals: 2, empty: 'none final' },
      amount: { unit: 'crore', decimals: 2 },
    },
    queries: [
      rows(`
select total_txns as "payments", terminal_success_rate::float8 as "success rate",
  ${crore('total_amount')} as "amount"
from daily_upi_summary
where date = ${TODAY}`),
    ],
  })
}

// Of the last whole minute: the running one is not to be compared with anything.
function now() {
  const of = (field: string) =>
    ({ field, queries: [minutes], empty: NO_MINUTES, hasGraph: true }) as const
  return [
    stat({
      ...of('payments'),
      title: 'Payments',
      unit: 'perMinute',
      decimals: 0,
      about: 'Payments made in the last whole minute.',
    }),
    stat({
      ...of('success rate'),
      title: 'Success rate',
      unit: 'share',
      decimals: 1,
      steps: SUCCESS_STEPS,
      about:
        'Share of the payments with a final status that succeeded, of the last whole minute that had any.',
    }),
    stat({
      ...of('TD %'),
      title: 'Technical declines',
      unit: 'share',
      decimals: 2,
      steps: TD_STEPS,
      about:
        'Share of payments that were declined for technical reasons, which NPCI wants below 1 %, of the last whole minute that had any.',
    }),
    stat({
      ...of('p95'),
      title: '95 % answered within',
      unit: 'seconds',
      decimals: 1,
      steps: ['green', [10, 'orange'], [15, 'red']],
      about:
        'Time in which 95 % of the answers came, of the last whole minute that had any, estimated from the buckets of latency.',
    }),
    newest(),
  ]
}

function newest() {
  return stat({
    title: 'Newest payment',
    about: 'Time since the latest payment that the stream has written was made.',
    unit: 'seconds',
    empty: 'No payments yet',
    decimals: 0,
    steps: ['green', [30, 'orange'], [120, 'red']],
    queries: [
      rows(`
select greatest(extract(epoch from now() - max(max_event_time)), 0)::float8 as "age"
from ops.stream_status
having max(max_event_time) is not null`),
    ],
  })
}
