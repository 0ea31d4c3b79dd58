import type { ClientBase } from 'pg'
import { DESCRIPTIVE_FIELDS } from '../../core/merge.ts'
import type { Payment } from '../../core/payment.ts'
import { STATUSES } from '../../core/status.ts'
import { formatInstant } from '../../core/time.ts'

/** What a batch says of one transaction on one day: its messages folded. */
export interface CleanRow {
  readonly payment: Payment
  /** How many messages were folded, and how many of them changed what the ones before had said. */
  readonly messages: number
  readonly changes: number
}

/** What the merge did with one row; a row that is absent met another identity and was left alone. */
export interface CleanEffect {
  readonly txn_id: string
  readonly business_date: string
  readonly effect: 'inserted' | 'merged' | 'duplicate'
}

const COLUMNS: readonly (readonly [keyof Payment, string])[] = [
  ['txn_id', 'text'],
  ['business_date', 'date'],
  ['event_time', 'timestamptz'],
  ['payer', 'text'],
  ['payer_key', 'bytea'],
  ['payer_handle', 'text'],
  ['payee', 'text'],
  ['payee_key', 'bytea'],
  ['payee_handle', 'text'],
  ['type', 'text'],
  ['channel', 'text'],
  ['mcc', 'text'],
  ['payer_bank', 'text'],
  ['payee_bank', 'text'],
  ['rrn', 'text'],
  ['device', 'text'],
  ['city', 'text'],
  ['state', 'text'],
  ['amount', 'numeric'],
  ['status', 'text'],
  ['response_code', 'text'],
  ['decline_class', 'text'],
  ['completed_at', 'timestamptz'],
  ['latency_ms', 'bigint'],
  ['original_txn_id', 'text'],
]

const NAMES = COLUMNS.map(([name]) => name).join(', ')

/** What (status, completed_at, response_code) is compared by: null lowest, text by its bytes. */
function outcomeOf(row: string): string {
  const ranks = STATUSES.map((status, rank) => `when '${status}' then ${rank}`).join(' ')
  return (
    `(case ${row}.status ${ranks} end, coalesce(${row}.completed_at, '-infinity'), ` +
    `coalesce(${row}.response_code, '') collate "C")`
  )
}

const isLater = `${outcomeOf('excluded')} > ${outcomeOf('clean')}`
const ofLater = (column: string) =>
  `case when ${isLater} then excluded.${column} else clean.${column} end`
const greatestOf = (column: string) =>
  `greatest(clean.${column} collate "C", excluded.${column} collate "C")`

/** Columns that a message can change, and the value that the merged row has. */
const MERGED: readonly (readonly [string, string])[] = [
  ['event_time', 'least(clean.event_time, excluded.event_time)'],
  ['payer', 'least(clean.payer collate "C", excluded.payer collate "C")'],
  ['payee', 'least(clean.payee collate "C", excluded.payee collate "C")'],
  ...(['status', 'response_code', 'decline_class', 'completed_at'] as const).map(
    (column) => [column, ofLater(column)] as const,
  ),
  ...DESCRIPTIVE_FIELDS.map((column) => [column, greatestOf(column)] as const),
]

const mergedValues = `row(${MERGED.map(([, value]) => value).join(', ')})`
const storedValues = `row(${MERGED.map(([column]) => `clean.${column}`).join(', ')})`
const isChanged = `${mergedValues} is distinct from ${storedValues}`

/**
 * Rows are sorted by key so that two workers lock in one order. The merge is that of core/merge.ts; a duplicate
 * counts its message and leaves changed_at and changed_xid alone.
 */
const MERGE = `
  insert into clean_upi_transactions as clean (${NAMES}, messages)
  select ${NAMES}, messages
    from json_to_recordset($1::json)
      as incoming (${COLUMNS.map(([name, type]) => `${name} ${type}`).join(', ')}, messages integer)
   order by business_date, txn_id collate "C"
  on conflict (txn_id, business_date) do update
    set ${MERGED.map(([column, value]) => `${column} = ${value}`).join(',\n        ')},
        latency_ms = floor(extract(epoch from ${ofLater('completed_at')}
          - least(clean.event_time, excluded.event_time)) * 1000)::bigint,
        messages = clean.messages + excluded.messages,
        changed_at = case when ${isChanged} then now() else clean.changed_at end,
        changed_xid = case when ${isChanged} then excluded.changed_xid else clean.changed_xid end
    where clean.amount = excluded.amount
      and clean.payer_key = excluded.payer_key
      and clean.payee_key = excluded.payee_key
  returning new.txn_id, new.business_date,
    case when old.txn_id is null then 'inserted'
         when old.changed_xid is distinct from new.changed_xid then 'merged'
         else 'duplicate' end as effect`

/** Merges rows, at most one a transaction and day, into clean. */
export async function mergeClean(
  client: ClientBase,
  rows: readonly CleanRow[],
): Promise<CleanEffect[]> {
  if (rows.length === 0) return []
  const incoming = JSON.stringify(rows.map(toJson))
  return (await client.query<CleanEffect>(MERGE, [incoming])).rows
}

/** The identities of the rows that clean has under these keys. */
export async function findIdentities(
  client: ClientBase,
  rows: readonly CleanRow[],
): Promise<Pick<Payment, 'txn_id' | 'business_date' | 'amount' | 'payer_key' | 'payee_key'>[]> {
  const { rows: found } = await client.query(
    `select clean.txn_id, clean.business_date, amount, payer_key, payee_key
       from unnest($1::text[], $2::date[]) as wanted (txn_id, business_date)
       join clean_upi_transactions as clean using (txn_id, business_date)
      group by 1, 2, 3, 4, 5`,
    [rows.map(({ payment }) => payment.txn_id), rows.map(({ payment }) => payment.business_date)],
  )
  return found
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
