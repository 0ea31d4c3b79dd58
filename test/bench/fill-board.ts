import { withClient } from '../template.ts'

/** The half hour that viewers see, of which the bench's own messages are the end. */
export interface BoardSpan {
  readonly from: Date
  readonly bench: Date
}

/** Fills what UPI live shows besides the messages: the minutes before them, two weeks of hours, a day of alerts. */
export async function fillBoard(url: string, { from, bench }: BoardSpan): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(MINUTES, [from, bench])
    await client.query(MARTS)
    await client.query(ALERTS, [bench])
    await client.query('analyze')
  })
}

/** Takes away the minutes before the bench's own, which the books would miss payments of. */
export async function clearBoard(url: string, { bench }: BoardSpan): Promise<void> {
  await withClient(url, (client) =>
    client.query('delete from ops.minute_metrics where window_start < $1', [bench]),
  )
}

// As many handles and statuses as the traffic of the bench leaves in its own minutes, from three partitions.
const MINUTES = `
  insert into ops.minute_metrics (window_start, kafka_partition, payer_handle, status, txns, amount,
    td, bd, p2p, p2m, refunds, late, latency_500ms, latency_1s, latency_2s, latency_20s)
  select minute, partition, 'handle' || handle, status, 10 * weight, 1000.50 * weight,
    weight % 2, weight % 2, 4 * weight, 6 * weight, 1, 0, 2 * weight, 5 * weight, 2 * weight, 1
  from generate_series($1::timestamptz, $2::timestamptz - interval '1 minute', '1 minute') as minute,
    generate_series(0, 2) as partition,
    generate_series(1, 24) as handle,
    (values ('SUCCESS', 90), ('FAILED', 5), ('DECLINED', 5), ('PENDING', 3), ('DEEMED', 1)) as statuses (status, weight)`

const DAYS = `generate_series((now() at time zone 'Asia/Kolkata')::date - 15,
  (now() at time zone 'Asia/Kolkata')::date, interval '1 day') as d(day)`

const MARTS = `
  insert into daily_upi_summary
  select day, 1000000, 930000, 50000, 15000, 5000, 1288000000.55, 1400000000, 3000, 900000.50,
    1287099999.05, 0.93, 0.944, 8000, 40000, 500000, 60000, 1384.95, 1200, 5200, 11000 from ${DAYS};
  insert into hourly_upi_summary
  select day, hour, 40000, 37000, 2000, 600, 400, 50000000 from ${DAYS}, generate_series(0, 23) as hour`

const ALERTS = `
  insert into upi_alerts (rule, severity, state, entity, txn_id, event_time)
  select 'velocity', (array['critical', 'info'])[1 + n % 2], 'confirmed', 'as***k@okhdfcbank',
    'T' || n, $1::timestamptz - n * interval '5 minutes'
  from generate_series(1, 280) as n`
