import { type Kysely, sql } from 'kysely'

/** What dashboards ask for besides: sums that are made once, latencies out of buckets, rupees as India writes them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Over upi_minute_metrics, which sums by handle and status, every panel would sum twice.
  await sql`create view ops.minute_deltas as
    select window_start, payer_handle, status, txns, amount, td, bd, p2p, p2m, refunds,
      refund_amount, late, latency_250ms, latency_500ms, latency_1s, latency_2s, latency_3s,
      latency_5s, latency_10s, latency_15s, latency_20s, latency_30s, latency_over
    from ops.minute_metrics`.execute(db)
  await sql`comment on view ops.minute_deltas is
    'Live figures before they are summed: a row alone may be negative, the sum over any set of windows, handles and statuses is exact.'`.execute(
    db,
  )
  await sql`create view ops.book_checks as
    select reconciled_at, run_id, first_day, last_day, book, state, checked, unit, wrong, waiting,
      line, seconds
    from ops.reconciliations`.execute(db)
  await createLatencyQuantile(db)
  await createRupees(db)
  await sql`grant select on ops.minute_deltas, ops.book_checks to upi_api, upi_report`.execute(db)
  await sql`grant execute on function ops.latency_quantile(float8, bigint[]), ops.rupees(numeric)
    to upi_api, upi_report`.execute(db)
}

async function createLatencyQuantile(db: Kysely<unknown>): Promise<void> {
  await sql`create function ops.latency_quantile(share float8, counts bigint[]) returns float8
    language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp
    as $$
    declare
      bounds constant float8[] := '{0, 0.25, 0.5, 1, 2, 3, 5, 10, 15, 20, 30}';
      sought float8 := 0;
      passed float8 := 0;
    begin
      for i in 1 .. 11 loop
        sought := sought + share * counts[i];
      end loop;
      if sought <= 0 then return null; end if;
      for i in 1 .. 10 loop
        if passed + counts[i] >= sought then
          return bounds[i] + (bounds[i + 1] - bounds[i]) * (sought - passed) / counts[i];
        end if;
        passed := passed + counts[i];
      end loop;
      return 30;
    end $$`.execute(db)
  await sql`comment on function ops.latency_quantile(float8, bigint[]) is
    'Seconds within which a share of answers came, by the eleven latency buckets of the minute metrics: linear inside a bucket, 30 beyond the last bound, null if there were none.'`.execute(
    db,
  )
}

async function createRupees(db: Kysely<unknown>): Promise<void> {
  // Text, so that no paisa is lost in a browser's float. Figure spaces fill up to the length of a day of all of India,
  // so that a column of such texts sorts as its amounts do.
  await sql`create function ops.rupees(amount numeric) returns text
    language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp
    as $$
    declare
      digits constant text := to_char(amount, 'FM99,99,99,99,99,99,99,99,990.00');
    begin
      return lpad(digits, greatest(20, length(digits)), chr(8199));
    end $$`.execute(db)
  await sql`comment on function ops.rupees(numeric) is
    'An amount in digits grouped as in India, 12,34,567.00, padded to one length.'`.execute(db)
}
