import { answeredWithin, crore, LATENCY_COLUMNS, perMinute, share } from '../builder/sql.ts'

const sums = (names: readonly string[]) => names.map((name) => `sum(${name}) as ${name}`).join(', ')
const SUMMED = ['txns', 'amount', 'td', 'bd', 'p2p', 'p2m', 'refunds']
const of = (...statuses: string[]) =>
  `coalesce(sum(txns) filter (where status in (${statuses.map((each) => `'${each}'`).join(', ')})), 0)`

const ANSWERED = `(${LATENCY_COLUMNS.map((column) => `sum(${column})`).join(' + ')})`
const SLOW = '(sum(latency_20s) + sum(latency_30s) + sum(latency_over))'
const UNEXPLAINED = `greatest(${of('FAILED', 'DECLINED', 'EXPIRED')} - sum(td) - sum(bd), 0)`
/** The latency buckets of the minute figures, as people read them. */
export const BOUNDS = [
  '≤ 0.25 s',
  '≤ 0.5 s',
  '≤ 1 s',
  '≤ 2 s',
  '≤ 3 s',
  '≤ 5 s',
  '≤ 10 s',
  '≤ 15 s',
  '≤ 20 s',
  '≤ 30 s',
  '> 30 s',
]

// A share of a minute that has only begun jumps about: it is shown once the interval is whole.
const whole = (figure: string) =>
  `case when min(window_start) + interval '$__interval' <= now() then ${figure} end`

/**
 * All that UPI live shows of minutes, in one statement: twenty viewers who ask every five seconds must not be felt by
 * the stream, and ten panels that each sum the same rows would be.
 */
export const EVERY_MINUTE = `
with minutes as (
  select window_start, status, ${sums(SUMMED)},
    ${sums(LATENCY_COLUMNS)}
  from ops.minute_deltas
  where $__timeFilter(window_start) and payer_handle in ($handle)
  group by window_start, status
)
select $__timeGroupAlias(window_start, $__interval),
  ${perMinute(of('SUCCESS'))} as "success",
  ${perMinute(of('PENDING'))} as "pending",
  ${perMinute(of('DEEMED'))} as "deemed",
  ${perMinute(of('FAILED'))} as "failed",
  ${perMinute(of('DECLINED'))} as "declined",
  ${perMinute(of('EXPIRED'))} as "expired",
  ${perMinute(of('REVERSED'))} as "reversed",
  ${perMinute('sum(p2p)')} as "to people",
  ${perMinute('sum(p2m)')} as "to merchants",
  ${perMinute('sum(refunds)')} as "refunds",
  ${perMinute(crore(`sum(amount) filter (where status = 'SUCCESS')`))} as "amount",
  ${whole(perMinute('sum(txns)'))} as "payments",
  ${whole(share(of('SUCCESS'), `sum(txns) - ${of('PENDING', 'DEEMED')}`))} as "success rate",
  ${whole(share(of('SUCCESS'), 'sum(txns)'))} as "succeeded",
  ${whole(share('sum(bd)', 'sum(txns)'))} as "business declines",
  ${whole(share('sum(td)', 'sum(txns)'))} as "technical declines",
  ${whole(share(UNEXPLAINED, 'sum(txns)'))} as "other failures",
  ${whole(share(of('PENDING', 'DEEMED'), 'sum(txns)'))} as "waiting",
  ${whole(share(of('REVERSED'), 'sum(txns)'))} as "reversed share",
  ${whole(answeredWithin(0.5))} as "p50",
  ${whole(answeredWithin(0.95))} as "p95",
  ${whole(answeredWithin(0.99))} as "p99",
  ${whole(share(SLOW, ANSWERED))} as "over 15 s",
${LATENCY_COLUMNS.map((column, index) => `  sum(${column})::float8 as "${BOUNDS[index]}"`).join(',\n')}
from minutes
group by 1
order by 1`
