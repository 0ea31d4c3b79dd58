import type pg from 'pg'
import { Progress } from '../../cli/output.ts'
import { addDays, type BusinessDate } from '../../core/time.ts'
import { ensurePartitions } from '../../platform/queries/partitions.ts'
import { withClient } from '../template.ts'

/** What the models are measured on. */
export interface FilledDays {
  readonly firstDay: BusinessDate
  readonly days: number
  readonly rows: number
  readonly merchants: number
}

const CLEAN = 'clean_upi_transactions'
const CONNECTIONS = 2

/** The days, oldest first. */
export function datesOf({ firstDay, days }: FilledDays): BusinessDate[] {
  return Array.from({ length: days }, (_, nth) => addDays(firstDay, nth))
}

/**
 * Fills clean with payments such as traffic leaves behind, made by Postgres itself and the same each time: a third of
 * them between persons, one in a hundred a refund, few merchants with most of the money. The indexes come last, which
 * takes a third of the time; in the end the tables are as migrated.
 */
export async function fillDays(
  url: string,
  filled: FilledDays,
  signal: AbortSignal,
): Promise<void> {
  const dates = datesOf(filled)
  const indexes = await withClient(url, async (admin) => {
    await ensurePartitions(admin, CLEAN, dates)
    return await dropIndexes(admin)
  })
  const progress = new Progress()
  let done = 0
  await onEach(dates, async (client, date) => {
    signal.throwIfAborted()
    const nth = dates.indexOf(date)
    const from = Math.floor((nth * filled.rows) / filled.days)
    const to = Math.floor(((nth + 1) * filled.rows) / filled.days)
    await client.query('select setseed($1)', [(nth % 1000) / 1000])
    await client.query(FILL, [date, to - from, filled.merchants])
    done += 1
    progress.update(`clean: ${done} of ${dates.length} days, ${filled.rows} rows in all`)
  })
  progress.done()
  await onEach(indexes, async (client, definition, nth) => {
    signal.throwIfAborted()
    progress.update(`clean: index ${nth + 1} of ${indexes.length}`)
    await client.query(definition)
  })
  progress.done()
  await withClient(url, (admin) => admin.query(`vacuum (analyze, freeze) ${CLEAN}`))

  async function onEach<Item>(
    items: readonly Item[],
    work: (client: pg.Client, item: Item, nth: number) => Promise<unknown>,
  ): Promise<void> {
    const left = [...items.entries()]
    const workOff = () =>
      withClient(url, async (client) => {
        await client.query(SETTINGS)
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          await work(client, next[1], next[0])
        }
      })
    await Promise.all(Array.from({ length: CONNECTIONS }, workOff))
  }
}

// The primary key stays: it is filled in its own order, and costs little.
async function dropIndexes(admin: pg.Client): Promise<string[]> {
  const { rows } = await admin.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name,
            replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') as definition
       from pg_index where indrelid = '${CLEAN}'::regclass and not indisprimary`,
  )
  for (const { name } of rows) await admin.query(`drop index ${name}`)
  return rows.map(({ definition }) => definition)
}

const SETTINGS = `set synchronous_commit = off; set maintenance_work_mem = '256MB'; set jit = off`

const FILL = `
  insert into ${CLEAN}
    (event_time, completed_at, first_seen_at, changed_at, latency_ms, business_date, txn_id, payer_key, payee_key, amount,
     status, type, channel, mcc, rrn, payer, payer_handle, payer_bank, payee, payee_handle, payee_bank, response_code,
     decline_class, device, city, state, original_txn_id)
  select at, at + make_interval(secs => latency / 1000.0), at, at, latency, $1, txn_id,
    decode(md5(case when kind = 'REFUND' then shop else person end), 'hex'),
    decode(md5(case kind when 'P2M' then shop when 'REFUND' then person else other end), 'hex'),
    amount, status, kind, (array['QR', 'QR', 'INTENT', 'COLLECT', 'MANDATE'])[1 + nth % 5],
    case when kind <> 'P2P' then (array['5411', '5812', '5541', '4900', '5912', '5732', '5814', '4814'])[1 + m % 8] end,
    lpad((r * 1e12)::bigint::text, 12, '0'),
    case when kind = 'REFUND' then shop || '@' || shop_handle else masked || '@' || handle end,
    case when kind = 'REFUND' then shop_handle else handle end, (array['HDFC', 'SBIN', 'ICIC', 'UTIB', 'YESB'])[1 + p % 5],
    case when kind = 'P2M' then shop || '@' || shop_handle else masked || '@' || handle end,
    case when kind = 'P2M' then shop_handle else handle end, (array['YESB', 'HDFC', 'ICIC', 'SBIN'])[1 + m % 4],
    case status when 'SUCCESS' then '00' when 'DECLINED' then (array['U30', 'Z9', 'ZM', 'U16', 'XC'])[1 + nth % 5]
      when 'FAILED' then (array['U28', 'U90', 'BT'])[1 + nth % 3] end,
    case status when 'DECLINED' then 'BD' when 'FAILED' then 'TD' end,
    (array['ANDROID', 'ANDROID', 'ANDROID', 'IOS'])[1 + nth % 4], 'Pune', 'MH',
    case when kind = 'REFUND' then overlay(txn_id placing '0' from 12) end
  from (
    select nth, p, m, r, kind, status, amount, 'merchant' || m as shop, 'p' || p as person, 'p' || q as other,
      'as***' || chr(97 + p % 26) as masked,
      'HDF' || to_char($1::date, 'YYYYMMDD') || lpad(nth::text, 21, '0') as txn_id,
      ($1::date + time '00:00') at time zone 'Asia/Kolkata' + nth * interval '24 h' / $2::int as at,
      case when status <> 'PENDING' then (180 + exp(r * 8.3))::bigint end as latency,
      (array['ybl', 'okaxis', 'paytm', 'okhdfcbank', 'oksbi', 'ibl', 'axl', 'okicici'])[1 + p % 8] as handle,
      (array['ybl', 'paytm', 'okicici', 'kotak'])[1 + m % 4] as shop_handle
    from (
      select nth, (random() * 400000)::int as p, (random() * 400000)::int as q, random() as r,
        floor($3::int * power(random(), 2))::int as m, round((1 + exp(random() * 8.5))::numeric, 2) as amount,
        case when kind < 0.35 then 'P2P' when kind < 0.99 then 'P2M' else 'REFUND' end as kind,
        case when outcome < 0.94 then 'SUCCESS' when outcome < 0.965 then 'DECLINED' when outcome < 0.98 then 'FAILED'
          when outcome < 0.99 then 'PENDING' when outcome < 0.995 then 'EXPIRED' else 'REVERSED' end as status
      from (
        select nth, random() as kind, random() as outcome from generate_series(0, $2::int - 1) as nth
      ) as drawn
    ) as drawn
  ) as payments`
