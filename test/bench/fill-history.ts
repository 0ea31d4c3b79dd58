import { statfsSync } from 'node:fs'
import type pg from 'pg'
import { Progress } from '../../cli/output.ts'
import { UpiError } from '../../core/errors.ts'
import { addDays, type BusinessDate } from '../../core/time.ts'
import { ensurePartitions } from '../../platform/queries/partitions.ts'
import { withClient } from '../template.ts'

/** Older days that lie in the tables before the day of the bench. */
export interface History {
  readonly days: number
  /** Of clean and of raw together. */
  readonly rows: number
  readonly lastDay: BusinessDate
}

// Measured: 0.57 KB a row of clean with its indexes, 0.29 KB one of raw without its payload; and room for the log.
const BYTES_PER_ROW = 450
const BYTES_BESIDE = 12 * 1024 ** 3
const CONNECTIONS = 2

/**
 * Fills the days with rows such as traffic leaves behind, made by Postgres itself: random ids, keys of millions of payers
 * and of merchants of whom few have most. Raw is without payloads, which nothing reads on the way in.
 */
export async function fillHistory(
  url: string,
  history: History,
  signal: AbortSignal,
): Promise<void> {
  await withClient(url, (client) => requireSpace(client, history))
  const days = Array.from({ length: history.days }, (_, back) => addDays(history.lastDay, -back))
  const perDay = Math.round(history.rows / 2 / history.days)
  const progress = new Progress()
  let done = 0
  const fill = () =>
    withClient(url, async (client) => {
      for (let day = days.pop(); day !== undefined; day = days.pop()) {
        signal.throwIfAborted()
        await fillDay(client, day, perDay)
        progress.update(`history: ${++done} of ${history.days} days`)
      }
    })
  await Promise.all(Array.from({ length: CONNECTIONS }, fill))
  progress.done()
}

/** Removes all that a run has written beside the history, so that the next finds the same tables. */
export async function resetToHistory(url: string, { lastDay }: History): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select c.oid::regclass::text as name
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r'
          and (n.nspname = 'partitions' and right(c.relname, 8) > to_char($1::date, 'YYYYMMDD')
            or n.nspname in ('public', 'ops') and has_table_privilege('upi_ingest', c.oid, 'insert'))`,
      [lastDay],
    )
    await client.query(`truncate ${rows.map(({ name }) => name).join(', ')}`)
  })
}

async function requireSpace(client: pg.Client, { rows }: History): Promise<void> {
  const { rows: found } = await client.query<{ data_directory: string }>('show data_directory')
  const disk = statfsSync(found[0]?.data_directory ?? '/')
  const room = disk.bavail * disk.bsize - BYTES_BESIDE
  if (room >= rows * BYTES_PER_ROW) return
  const fitting = Math.max(0, Math.floor(room / BYTES_PER_ROW / 1_000_000))
  throw new UpiError('DISK_FULL', `${rows} rows of history do not fit`, {
    fix: `--history-rows ${fitting}000000 would`,
  })
}

async function fillDay(client: pg.Client, day: BusinessDate, rows: number): Promise<void> {
  for (const table of ['clean_upi_transactions', 'raw_upi_transactions'] as const) {
    await ensurePartitions(client, table, [day])
    await client.query(table === 'clean_upi_transactions' ? FILL_CLEAN : FILL_RAW, [day, rows])
    await client.query(`vacuum analyze partitions.${table}_${day.replaceAll('-', '')}`)
  }
}

const FILL_CLEAN = `
  insert into clean_upi_transactions
    (txn_id, business_date, event_time, completed_at, first_seen_at, changed_at, latency_ms, payer_key, payee_key, amount,
     status, type, channel, mcc, rrn, payer, payer_handle, payer_bank, payee, payee_handle, payee_bank, response_code,
     device, city, state)
  select 'HDF' || md5(random()::text), $1, at, at + interval '1.3 s', at, at, 1300,
    decode(md5((random() * 5e6)::int::text), 'hex'), decode(md5((2e5 * random() ^ 3)::int::text), 'hex'),
    round((1 + exp(random() * 8))::numeric, 2), case when random() < 0.93 then 'SUCCESS' else 'FAILED' end,
    'P2M', 'QR', '5814', lpad((random() * 1e12)::bigint::text, 12, '0'), 'as***k@okhdfcbank', 'okhdfcbank', 'HDFC',
    'merchant' || (2e5 * random() ^ 3)::int || '@ybl', 'ybl', 'YESB', '00', 'ANDROID', 'Pune', 'MH'
  from (select ($1::date + time '00:00') at time zone 'Asia/Kolkata' + i * interval '24 h' / $2::int as at
          from generate_series(0, $2::int - 1) as i) as moments`

const FILL_RAW = `
  insert into raw_upi_transactions
    (kafka_timestamp, kafka_offset, received_at, kafka_partition, business_date, topic, message_key, txn_id)
  select at, ($1::date - date '2020-01-01')::bigint * 1000000000 + i, at, i % 3, $1, 'upi_history', id, id
  from (select ($1::date + time '00:00') at time zone 'UTC' + i * interval '24 h' / $2::int as at, i,
               'HDF' || md5(random()::text) as id
          from generate_series(0, $2::int - 1) as i) as moments`
