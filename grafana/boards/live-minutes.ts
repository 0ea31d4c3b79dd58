import { answeredWithin, crore, LATENCY_COLUMNS, perMinute, share } from '../builder/sql.ts'

const sums = (names: readonly string[]) => names.map((name) => `sum(${name}) as ${name}`).join(', ')
const SUMMED = ['txns', 'amount', 'td', 'bd', 'p2p', 'p2m', 'refunds']
const of = (figure: string, ...statuses: string[]) =>
  `coalesce(sum(${figure}) filter (where status in (${statuses.map((each) => `'${each}'`).join(', ')})), 0)`
const paymentsOf = (...statuses: string[]) => of('txns', ...statuses)

const ANSWERED = `(${LATENCY_COLUMNS.map((column) => `sum(${column})`).join(' + ')})`
const SLOW = '(sum(latency_20s) + sum(latency_30s) + sum(latency_over))'
const FAILURES = ['FAILED', 'DECLINED', 'EXPIRED']
// Of failures alone, so that all shares make the whole: a payment that is deemed may have a code of a class too.
const failedBy = (kind: string) => of(kind, ...FAILURES)
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

/** A share of a minute that has only begun jumps about: it is shown once the interval is whole. */
export const whole = (figure: string) =>
  `case when min(window_start) + interval '$__interval' <= now() then ${figure} end`

/**
 * All that UPI live shows of minutes, in one statement: twenty viewers who ask every five seconds must not be felt by
 * the stream, and panels that each sum the same rows would be. An interval without payments has a row too: else the
 * last that had some would pass for the present, and cells of a heat map, as wide as the first, would be out of place.
 */
export const EVERY_MINUTE = `
with minutes as (
  select window_start, status, ${sums(SUMMED)},
    ${sums(LATENCY_COLUMNS)}
  from ops.minute_deltas
  where $__timeFilter(window_start) and payer_handle in ($handle)
  group by window_start, status
), intervals as (
  select * from minutes
  union all
  select begin, null, ${[...SUMMED, ...LATENCY_COLUMNS].map(() => '0').join(', ')}
  from generate_series(date_bin(interval '$__interval', $__timeFrom()::timestamptz, 'epoch'),
    least($__timeTo()::timestamptz, now()), interval '$__interval') as begin
  where exists (select from minutes)
)
select $__timeGroupAlias(window_start, $__interval),
  ${perMinute(paymentsOf('SUCCESS'))} as "success",
  ${perMinute(paymentsOf('PENDING'))} as "pending",
  ${perMinute(paymentsOf('DEEMED'))} as "deemed",
  ${perMinute(paymentsOf('FAILED'))} as "failed",
  ${perMinute(paymentsOf('DECLINED'))} as "declined",
  ${perMinute(paymentsOf('EXPIRED'))} as "expired",
  ${perMinute(paymentsOf('REVERSED'))} as "reversed",
  ${perMinute('sum(p2p)')} as "to people",
  ${perMinute('sum(p2m)')} as "to merchants",
  ${perMinute('sum(refunds)')} as "refunds",
  ${perMinute(crore(of('amount', 'SUCCESS')))} as "amount",
  ${whole(perMinute('sum(txns)'))} as "payments",
  ${whole(share(paymentsOf('SUCCESS'), `sum(txns) - ${paymentsOf('PENDING', 'DEEMED')}`))} as "success rate",
  ${whole(share('sum(td)', 'sum(txns)'))} as "TD %",
  ${whole(share(paymentsOf('SUCCESS'), 'sum(txns)'))} as "succeeded",
  ${whole(share(failedBy('bd'), 'sum(txns)'))} as "business declines",
  ${whole(share(failedBy('td'), 'sum(txns)'))} as "technical declines",
  ${whole(share(`${paymentsOf(...FAILURES)} - ${failedBy('td')} - ${failedBy('bd')}`, 'sum(txns)'))} as "other failures",
  ${whole(share(paymentsOf('PENDING', 'DEEMED'), 'sum(txns)'))} as "waiting",
  ${whole(share(paymentsOf('REVERSED'), 'sum(txns)'))} as "reversed share",
  ${whole(answeredWithin(0.5))} as "p50",
  ${whole(answeredWithin(0.95))} as "p95",
  ${whole(answeredWithin(0.99))} as "p99",
  ${whole(share(SLOW, ANSWERED))} as "over 15 s",
${LATENCY_COLUMNS.map((column, index) => `  sum(${column})::float8 as "${BOUNDS[index]}"`).join(',\n')}
from intervals
group by 1
order by 1`
