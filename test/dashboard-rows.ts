import type pg from 'pg'

// Of four of the days; one merchant has all ninety.
const MERCHANTS = 50_000

const DAYS = `generate_series((now() at time zone 'Asia/Kolkata')::date - 89,
  (now() at time zone 'Asia/Kolkata')::date, interval '1 day') as d(day)`

// Ninety days: a row for every ten minutes, and for every minute of the last two hours from three partitions.
const MINUTES = `
  insert into ops.minute_metrics (window_start, kafka_partition, payer_handle, status, txns, amount,
    td, bd, p2p, p2m, refunds, late, latency_500ms, latency_1s, latency_2s, latency_20s)
  select minute, partition, handle, status, 10 * weight, 1000.50 * weight,
    case status when 'FAILED' then 2 else 0 end, case status when 'FAILED' then 5 else 0 end,
    4 * weight, 6 * weight, 1, 1, 2 * weight, 5 * weight, 2 * weight, 1
  from (
    select minute, 0 as partition
    from generate_series(date_trunc('hour', now()) - interval '90 days', now() - interval '2 hours', '10 minutes') as minute
    union all
    select minute, partition
    from generate_series(date_trunc('minute', now()) - interval '119 minutes', now(), '1 minute') as minute,
      generate_series(0, 2) as partition
  ) as minutes,
  unnest(array['okhdfcbank', 'ybl', 'oksbi', 'apl']) as handle,
  (values ('SUCCESS', 90), ('FAILED', 5), ('PENDING', 3), ('DEEMED', 1)) as statuses (status, weight)`

const MARTS = `
  insert into daily_upi_summary
  select day, 1000000, 930000, 50000, 15000, 5000, 1288000000.55, 1400000000, 3000, 900000.50,
    1287099999.05, 0.93, 0.944, 8000, 40000, 500000, 60000, 1384.95, 1200, 5200, 11000 from ${DAYS};
  insert into hourly_upi_summary
  select day, hour, 40000, 37000, 2000, 600, 400, 50000000 from ${DAYS}, generate_series(0, 23) as hour;
  insert into settlement_upi_summary
  select day, cycle, 90000, 120000000 from ${DAYS}, generate_series(1, 10) as cycle;
  insert into decline_upi_summary
  select day, code, class, 1000 from ${DAYS},
    (values ('Z9', 'BD'), ('ZM', 'BD'), ('U09', 'TD'), ('', null), ('XX', null)) as codes (code, class);
  insert into bank_upi_summary
  select day, bank, side, 10000, 9400, 60, 500, 9, 0.94, 0.006, 0.05 from ${DAYS},
    (select 'B' || n from generate_series(1, 98) as n union all values ('HDFC'), ('')) as banks (bank),
    unnest(array['payer', 'payee']) as side;
  insert into handle_upi_summary
  select day, handle, side, 10000, 9400, 60, 500, 9, 0.94, 0.006, 0.05 from ${DAYS},
    unnest(array['okhdfcbank', 'ybl', 'oksbi', 'apl']) as handle, unnest(array['payer', 'payee']) as side;
  insert into category_upi_summary
  select day, mcc::text, 'P2M', channel, 2000, 1900, 80, 15, 5, 900000
  from ${DAYS}, generate_series(5000, 5039) as mcc, unnest(array['QR', 'INTENT', '']) as channel;
  insert into merchant_upi_summary
  select 'shop' || n || '@ybl', (now() at time zone 'Asia/Kolkata')::date - ago, 30, 25, 4, 1,
    9000.55, 10000, 10, 8990.55, 15, 360.02, 0.833333
  from unnest(array[0, 20, 40, 60]) as ago, generate_series(1, ${MERCHANTS}) as n;
  insert into merchant_upi_summary
  select 'chaishop@ybl', day, 30, 25, 4, 1, 9000.55, 10000, 10, 8990.55, 15, 360.02, 0.833333 from ${DAYS};
  insert into dim_merchants
  select merchant, min(date), max(date), count(*), 600, 270000, 500, 540, 0.9
  from merchant_upi_summary group by merchant`

const STATE = `
  insert into upi_alerts (rule, severity, state, entity, txn_id, event_time)
  select 'velocity', severity, 'confirmed', 'as***k@okhdfcbank', 'T' || n || severity, now() - n * interval '9 minutes'
  from generate_series(0, 12000) as n, unnest(array['critical', 'info']) as severity;
  insert into rejected_upi_transactions (kafka_timestamp, kafka_offset, rejected_at, kafka_partition, topic, reason_code, reasons, detail)
  select at, n, at, 0, 't', code, array[code], 'amount'
  from (select n, now() - n * interval '2 minutes' as at,
    (array['NOT_JSON', 'VPA_FORMAT', 'AMOUNT_SCALE'])[1 + n % 3] as code from generate_series(0, 60000) as n) as letters;
  insert into ops.stream_offsets (consumer_group, topic, kafka_partition, next_offset, max_event_time)
  select 'g', 't', n, 7, now() from generate_series(0, 2) as n;
  insert into ops.model_runs (model, business_date, state, fingerprint, error, seconds, finished_at)
  select 'daily_upi_summary', current_date, state, 'f', case state when 'failed' then 'a check' end, 0.1, now() - n * interval '90 seconds'
  from generate_series(0, 40000) as n, unnest(array['built', 'failed']) as state;
  insert into ops.days (business_date, state, closed_at)
  select day, 'closed', now() from ${DAYS};
  insert into ops.reconciliations (run_id, first_day, last_day, book, state, checked, unit, wrong, waiting, line, keys, seconds, actor, reconciled_at)
  select 'r' || n, current_date - n, current_date - n, book, state, 7, 'rows', 0, 0, 'balanced', '{}', 1, 'schedule', now() - n * interval '6 hours'
  from generate_series(0, 3000) as n, (values ('clean', 'balanced'), ('raw', 'broken')) as books (book, state)`

/** Fills what dashboards read with ninety days, as much as makes a careless question slow; never clean or raw. */
export async function seedDashboards(admin: pg.Pool): Promise<void> {
  await Promise.all([MINUTES, MARTS, STATE].map((statements) => admin.query(statements)))
  await admin.query('analyze')
}
