import type { ClientBase } from 'pg'
import { addDays, type BusinessDate } from '../../core/time.ts'
import { RAW_COLUMNS, type RawRow } from '../books/raw-messages.ts'
import { STORED } from './clean.ts'

/** An accepted message of raw, and what the books know of its batch. */
export interface AcceptedRow extends RawRow {
  readonly txn_id: string
  readonly business_date: string
  readonly raw_day: string
  readonly rules_version: string | null
  readonly pending: number | null
}

/** All accepted messages of transactions, on whatever days, in the order in which a rebuild folds them. */
export async function findAccepted(
  client: ClientBase,
  txnIds: readonly string[],
): Promise<AcceptedRow[]> {
  const { rows } = await client.query<AcceptedRow>(
    `select ${RAW_COLUMNS}, raw.txn_id, raw.business_date,
            (raw.kafka_timestamp at time zone 'UTC')::date as raw_day,
            batch.rules_version, batch.pending
       from unnest($1::text[]) as wanted (txn_id)
       join raw_upi_transactions as raw on raw.txn_id = wanted.txn_id
       left join lateral (
         select rules_version, pending from ops.stream_batches as batch
          where batch.kind = 'stream' and batch.topic = raw.topic and batch.epoch = raw.epoch
            and batch.kafka_partition = raw.kafka_partition
            and batch.first_offset <= raw.kafka_offset
          order by batch.first_offset desc limit 1) as batch on true
      order by raw.txn_id, raw.kafka_timestamp, raw.kafka_partition, raw.kafka_offset`,
    [txnIds],
  )
  return rows
}

/** Puts messages of raw under another day. */
export async function redateRaw(
  client: ClientBase,
  messages: readonly {
    readonly topic: string
    readonly epoch: number
    readonly partition: number
    readonly offset: string
    readonly kafka_ms: number
    readonly business_date: BusinessDate
  }[],
): Promise<void> {
  await client.query(
    `update raw_upi_transactions as raw set business_date = said.business_date
       from json_to_recordset($1::json) as said (topic text, epoch integer, partition integer,
              "offset" bigint, kafka_ms bigint, business_date date)
      where raw.kafka_partition = said.partition and raw.kafka_offset = said."offset"
        and raw.kafka_timestamp = timestamptz 'epoch' + said.kafka_ms * interval '1 millisecond'
        and raw.topic = said.topic and raw.epoch = said.epoch`,
    [JSON.stringify(messages)],
  )
}

/** What a rebuild must not touch, for part of it is in the lake. */
export interface Archived {
  /** Days of clean. */
  readonly days: ReadonlySet<string>
  /** The last UTC day of raw that the books have and raw has not. */
  readonly rawUntil: string | undefined
}

/** Finds what of clean and raw is not there any more. */
export async function findArchived(client: ClientBase): Promise<Archived> {
  const days = await client.query<{ day: string }>(
    'select business_date as day from ops.days where archived_at is not null',
  )
  const raw = await client.query<{ until: string | null }>(
    `select max(raw_day) as until
       from (select distinct raw_day from ops.stream_batches where messages > 0) as booked
      where not exists (
        select from pg_inherits join pg_class on pg_class.oid = inhrelid
         where inhparent = 'raw_upi_transactions'::regclass
           and right(relname, 8) = to_char(raw_day, 'YYYYMMDD'))`,
  )
  return {
    days: new Set(days.rows.map(({ day }) => day)),
    rawUntil: raw.rows[0]?.until ?? undefined,
  }
}

// The sink's sessions find every row by key; a day is read whole.
const READ_WHOLE = ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin'].map(
  (name) => `set local enable_${name} = on`,
)

/**
 * Begins to look at a day: one snapshot, and the transactions that raw or clean has on the day, those after an id only, in
 * a temporary table, with whether clean has them far away too.
 */
export async function openDay(
  client: ClientBase,
  { date, after }: { date: BusinessDate; after: string },
): Promise<number> {
  await client.query('begin isolation level repeatable read')
  await client.query(
    [...READ_WHOLE, `set local work_mem = '64MB'`, 'set local lock_timeout = 0'].join('; '),
  )
  await client.query(
    `create temporary table rebuild_ids (txn_id text collate "C" not null, is_far boolean)
       on commit drop`,
  )
  const { rowCount } = await client.query(
    `insert into rebuild_ids
     select txn_id from raw_upi_transactions where business_date = '${date}' and txn_id > $1
     union
     select txn_id from clean_upi_transactions where business_date = '${date}' and txn_id > $1`,
    [after],
  )
  await client.query('analyze rebuild_ids')
  await client.query(
    `update rebuild_ids set is_far = true
      where exists (
        select from clean_upi_transactions as clean
         where clean.txn_id = rebuild_ids.txn_id
           and (business_date < '${addDays(date, -1)}' or business_date > '${addDays(date, 1)}'))`,
  )
  return rowCount ?? 0
}

/** A message near a day, as RAW_COLUMNS; or, without a place, that clean has its transaction far away too. */
export type NearMessage = Omit<AcceptedRow, 'raw_day' | 'rules_version' | 'pending'> & {
  readonly is_far: boolean | null
}

/** The messages, rows and conflicts of the day's transactions on that day and on those beside it, each by transaction. */
export function nearQueries(date: BusinessDate): Record<'messages' | 'rows' | 'conflicts', string> {
  const near = `business_date >= '${addDays(date, -1)}' and business_date <= '${addDays(date, 1)}'`
  return {
    messages: `
      select ${RAW_COLUMNS}, txn_id, raw.business_date, ids.is_far
        from rebuild_ids as ids join raw_upi_transactions as raw using (txn_id) where ${near}
       order by txn_id, kafka_timestamp, kafka_partition, kafka_offset`,
    rows: `select ${STORED} from rebuild_ids join clean_upi_transactions using (txn_id) where ${near}
            order by txn_id, business_date`,
    conflicts: `
      select txn_id, topic, epoch, kafka_partition, kafka_offset, kind
        from rebuild_ids join ops.txn_conflicts using (txn_id) order by txn_id`,
  }
}
