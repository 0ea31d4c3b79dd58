import type { ClientBase } from 'pg'
import { LATENCY_BUCKETS } from '../queries/minute-metrics.ts'
import type { BookDays, SqlBook } from './book.ts'
import { datesWithin, notArchived, withinBusinessDays, withinDates } from './within-days.ts'

// A bucket counts latencies up to its bound and above the bound before.
const BUCKETS = LATENCY_BUCKETS.map(({ column, upToMs }, index) => {
  const above = LATENCY_BUCKETS[index - 1]?.upToMs
  const lower = above === undefined ? 'latency_ms is not null' : `latency_ms > ${above}`
  return [column, Number.isFinite(upToMs) ? `${lower} and latency_ms <= ${upToMs}` : lower] as const
})

const PAYMENT = `type is distinct from 'REFUND'`
const countWhere = (condition: string) => `count(*) filter (where ${condition})`
/** The columns of the minute metrics as sums over clean; `late` tells of arrivals and stands outside the equality. */
const FIGURES: readonly (readonly [string, string])[] = [
  ['txns', countWhere(PAYMENT)],
  ['amount', `coalesce(sum(amount) filter (where ${PAYMENT}), 0)`],
  ['td', countWhere(`${PAYMENT} and decline_class = 'TD'`)],
  ['bd', countWhere(`${PAYMENT} and decline_class = 'BD'`)],
  ['p2p', countWhere(`type = 'P2P'`)],
  ['p2m', countWhere(`type = 'P2M'`)],
  ['refunds', countWhere(`type = 'REFUND'`)],
  ['refund_amount', `coalesce(sum(amount) filter (where type = 'REFUND'), 0)`],
  ...BUCKETS.map(([name, bounds]) => [name, countWhere(`${PAYMENT} and ${bounds}`)] as const),
]

const names = FIGURES.map(([name]) => name)
const differ = (name: string) => `coalesce(kept.${name}, 0) <> coalesce(clean.${name}, 0)`

/**
 * Live figures against clean. The sums of the base table are compared and not its view: that leaves out a minute whose
 * counts are 0, and with it an amount that was left there by mistake.
 */
export function minuteBook(days?: BookDays): SqlBook {
  // Day by day the groups of the minutes fit into memory; together they would be sorted on disk.
  const parts =
    days === undefined ? [undefined] : datesWithin(days).map((day) => ({ from: day, to: day }))
  return {
    name: 'minute metrics',
    count: `select count(*) from ops.minute_metrics where ${keptWithin(days)}`,
    unit: 'figures',
    says: 'every figure of every minute, handle and status is that of clean',
    faults: parts.map(differences),
  }
}

function keptWithin(days: BookDays | undefined): string {
  return `${withinBusinessDays('window_start', days)}
    and ${notArchived(`(window_start at time zone 'Asia/Kolkata')::date`)}`
}

function differences(days: BookDays | undefined): string {
  return `
    with clean as (
      select date_trunc('minute', event_time) as window_start, payer_handle, status,
             ${FIGURES.map(([name, sum]) => `${sum} as ${name}`).join(', ')}
        from clean_upi_transactions
       where ${withinDates('business_date', days)} and ${notArchived('business_date')}
       group by 1, 2, 3),
    kept as (
      select window_start, payer_handle, status, ${names.map((name) => `sum(${name}) as ${name}`).join(', ')}
        from ops.minute_metrics where ${keptWithin(days)} group by 1, 2, 3)
    select concat_ws(' ', to_char(window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'),
             payer_handle, status) as key,
           concat_ws(' ', ${names.map((name) => shown(name, 'kept')).join(', ')}) as found,
           concat_ws(' ', ${names.map((name) => shown(name, 'clean')).join(', ')}) as expected
      from clean full join kept using (window_start, payer_handle, status)
     where ${names.map(differ).join(' or ')}`
}

// Of amounts it is told that they differ, and not what they are: a minute may hold one person's payment.
function shown(name: string, side: string): string {
  const value = name.includes('amount')
    ? side === 'kept'
      ? `'${name} differs'`
      : `'${name} of clean'`
    : `concat('${name} ', coalesce(${side}.${name}, 0))`
  return `case when ${differ(name)} then ${value} end`
}

// One of our own among the advisory locks: two that settle the same would add it twice.
const SETTLE_LOCK = 4_110_002

/**
 * Adds to the live figures of a day what they lack against clean, or only counts the minutes where they do. One statement,
 * one snapshot: what the stream adds to both meanwhile changes nothing of their difference.
 */
export async function settleMinutes(
  client: ClientBase,
  { date, dryRun }: { date: string; dryRun: boolean },
): Promise<number> {
  const within = (column: string) =>
    `${column} >= '${date} 00:00:00+05:30' and ${column} < timestamptz '${date} 00:00:00+05:30' + interval '1 day'`
  const lacking = `
    with clean as (
      select date_trunc('minute', event_time) as window_start, payer_handle, status,
             ${FIGURES.map(([name, sum]) => `${sum} as ${name}`).join(', ')}
        from clean_upi_transactions
       where business_date = '${date}' and ${within('event_time')} group by 1, 2, 3),
    kept as (
      select window_start, payer_handle, status, ${names.map((name) => `sum(${name}) as ${name}`).join(', ')}
        from ops.minute_metrics where ${within('window_start')} group by 1, 2, 3),
    lacking as (
      select window_start, 0 as kafka_partition, payer_handle, status,
             ${names.map((name) => `coalesce(clean.${name}, 0) - coalesce(kept.${name}, 0) as ${name}`).join(', ')}
        from clean full join kept using (window_start, payer_handle, status)
       where ${names.map(differ).join(' or ')})`
  const columns = ['window_start', 'kafka_partition', 'payer_handle', 'status', ...names].join(', ')
  const settle = `
    insert into ops.minute_metrics as metrics (${columns}) select ${columns} from lacking
    on conflict (window_start, kafka_partition, payer_handle, status) do update
      set ${names.map((name) => `${name} = metrics.${name} + excluded.${name}`).join(', ')}`
  await client.query('begin')
  await client.query(READ_WHOLE)
  await client.query(`select pg_advisory_xact_lock(${SETTLE_LOCK})`)
  const { rows, rowCount } = await client.query<{ n?: number }>(
    `${lacking} ${dryRun ? 'select count(*)::integer as n from lacking' : settle}`,
  )
  await client.query('commit')
  return dryRun ? (rows[0]?.n ?? 0) : (rowCount ?? 0)
}

const READ_WHOLE = `set local enable_seqscan = on; set local enable_bitmapscan = on;
  set local enable_hashjoin = on; set local enable_mergejoin = on; set local work_mem = '64MB'`
