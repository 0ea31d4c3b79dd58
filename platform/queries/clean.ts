import type { ClientBase } from 'pg'
import type { Payment } from '../../core/payment.ts'
import { addDays, type BusinessDate, formatInstant } from '../../core/time.ts'
import { copyIn } from '../copy-in.ts'
import { CopyRows } from '../copy-rows.ts'

/** A row of clean: what the messages of a transaction say together, and how many they are. */
export interface CleanRow {
  readonly payment: Payment
  readonly messages: number
}

/** The key of a row of clean. */
export type CleanKey = Pick<Payment, 'txn_id' | 'business_date'>

type Column = keyof Payment | 'messages'

// Fixed widths first, as in the table.
const COLUMNS: readonly (readonly [Column, string])[] = [
  ['event_time', 'timestamptz'],
  ['completed_at', 'timestamptz'],
  ['latency_ms', 'bigint'],
  ['business_date', 'date'],
  ['messages', 'integer'],
  ['txn_id', 'text'],
  ['payer_key', 'bytea'],
  ['payee_key', 'bytea'],
  ['amount', 'numeric'],
  ['status', 'text'],
  ['type', 'text'],
  ['channel', 'text'],
  ['mcc', 'text'],
  ['rrn', 'text'],
  ['payer', 'text'],
  ['payer_handle', 'text'],
  ['payer_bank', 'text'],
  ['payee', 'text'],
  ['payee_handle', 'text'],
  ['payee_bank', 'text'],
  ['response_code', 'text'],
  ['decline_class', 'text'],
  ['device', 'text'],
  ['city', 'text'],
  ['state', 'text'],
  ['original_txn_id', 'text'],
]

const NAMES = COLUMNS.map(([name]) => name)
const ROW_BYTES = 480

/** Rows of clean for COPY. */
export class CleanRows {
  readonly #rows: CopyRows

  constructor(count: number) {
    this.#rows = new CopyRows(count * ROW_BYTES)
  }

  add({ payment, messages }: CleanRow): void {
    const rows = this.#rows
    rows.start(COLUMNS.length)
    rows.instant(payment.event_time)
    rows.instant(payment.completed_at)
    if (payment.latency_ms === null) rows.null()
    else rows.int64(payment.latency_ms)
    rows.date(payment.business_date)
    rows.int32(messages)
    rows.text(payment.txn_id)
    rows.bytes(payment.payer_key)
    rows.bytes(payment.payee_key)
    rows.money(payment.amount)
    rows.text(payment.status)
    rows.text(payment.type)
    rows.text(payment.channel)
    rows.text(payment.mcc)
    rows.text(payment.rrn)
    rows.text(payment.payer)
    rows.text(payment.payer_handle)
    rows.text(payment.payer_bank)
    rows.text(payment.payee)
    rows.text(payment.payee_handle)
    rows.text(payment.payee_bank)
    rows.text(payment.response_code)
    rows.text(payment.decline_class)
    rows.text(payment.device)
    rows.text(payment.city)
    rows.text(payment.state)
    rows.text(payment.original_txn_id)
  }

  /** Where the next row will begin. */
  get end(): number {
    return this.#rows.end
  }

  /** What COPY takes, without the rows of these spans. */
  finish(left: readonly { from: number; to: number }[]): Buffer {
    return this.#rows.finish(left)
  }
}

/** Writes rows whose transactions clean does not have yet; fails on any that it has. */
export async function copyClean(client: ClientBase, rows: Buffer): Promise<void> {
  await copyIn(
    client,
    `copy clean_upi_transactions (${NAMES.join(', ')}) from stdin (format binary)`,
    rows,
  )
}

/** What a query selects of clean for `cleanRowOf`. */
export const STORED = NAMES.map((name) => {
  if (name !== 'event_time' && name !== 'completed_at') return name
  return `(extract(epoch from ${name}) * 1000000)::bigint as ${name}`
}).join(', ')

/**
 * The rows that clean has of transactions on a day and on the days beside it, locked until the end of the
 * transaction. The dates stand in the text, so that the planner sees three partitions and not all of them; the plan for
 * a day that comes `often` is kept.
 */
export async function lockClean(
  client: ClientBase,
  { date, often }: { date: BusinessDate; often: boolean },
  txnIds: readonly string[],
): Promise<CleanRow[]> {
  const text = `
    select ${STORED} from clean_upi_transactions
     where business_date >= '${addDays(date, -1)}' and business_date <= '${addDays(date, 1)}'
       and txn_id = any($1::text[])
       for update`
  const name = often ? { name: `lock clean ${date}` } : {}
  const { rows } = await client.query({ ...name, text, values: [arrayOf(txnIds)] })
  return rows.map(cleanRowOf)
}

/** All rows that clean has of transactions, on whatever days; locked, if they are to be, until the transaction ends. */
export async function findClean(
  client: ClientBase,
  txnIds: readonly string[],
  { locked }: { locked: boolean },
): Promise<CleanRow[]> {
  const { rows } = await client.query(
    `select ${STORED} from clean_upi_transactions where txn_id = any($1::text[])
      order by txn_id, business_date ${locked ? 'for update' : ''}`,
    [arrayOf(txnIds)],
  )
  return rows.map(cleanRowOf)
}

/** Counts messages that said nothing new. */
export async function countMessages(
  client: ClientBase,
  date: BusinessDate,
  rows: readonly { readonly txn_id: string; readonly messages: number }[],
): Promise<void> {
  await client.query(
    `update clean_upi_transactions as clean set messages = said.messages
       from unnest($1::text[], $2::integer[]) as said (txn_id, messages)
      where clean.business_date = '${date}' and clean.txn_id = said.txn_id`,
    [arrayOf(rows.map((row) => row.txn_id)), rows.map((row) => row.messages)],
  )
}

const CHANGED = COLUMNS.filter(([name]) => name !== 'txn_id')

/** Writes what rows of a day have become; one that has become an earlier day's moves there. */
export async function updateClean(
  client: ClientBase,
  date: BusinessDate,
  rows: readonly CleanRow[],
): Promise<void> {
  await client.query(
    `update clean_upi_transactions as clean
        set ${CHANGED.map(([name]) => `${name} = said.${name}`).join(', ')},
            changed_at = now(), changed_xid = pg_current_xact_id()::text::bigint
       from json_to_recordset($1::json)
         as said (${COLUMNS.map(([name, type]) => `${name} ${type}`).join(', ')})
      where clean.business_date = '${date}' and clean.txn_id = said.txn_id`,
    [JSON.stringify(rows.map(toJson))],
  )
}

/** Takes rows of a day away: what they said is in another row. */
export async function deleteClean(
  client: ClientBase,
  date: BusinessDate,
  txnIds: readonly string[],
): Promise<void> {
  await client.query(
    `delete from clean_upi_transactions
      where business_date = '${date}' and txn_id = any($1::text[])`,
    [arrayOf(txnIds)],
  )
}

// Ids hold nothing to escape; in quotes because one of them may be the word null.
function arrayOf(txnIds: readonly string[]): string {
  return `{"${txnIds.join('","')}"}`
}

/** A row of clean as it was selected. */
export function cleanRowOf(row: Record<string, unknown>): CleanRow {
  const { messages, ...payment } = row
  const instant = (value: unknown) => (value === null ? null : Number(value))
  return {
    messages: messages as number,
    payment: {
      ...(payment as unknown as Payment),
      event_time: Number(row.event_time),
      completed_at: instant(row.completed_at),
      latency_ms: instant(row.latency_ms),
    },
  }
}

function toJson({ payment, messages }: CleanRow): object {
  return {
    ...payment,
    event_time: formatInstant(payment.event_time),
    completed_at: payment.completed_at === null ? null : formatInstant(payment.completed_at),
    payer_key: `\\x${payment.payer_key.toString('hex')}`,
    payee_key: `\\x${payment.payee_key.toString('hex')}`,
    messages,
  }
}
