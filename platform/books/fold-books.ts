import type { ClientBase } from 'pg'
import type { Payment } from '../../core/payment.ts'
import { type Book, bookOf, Faults } from './book.ts'
import {
  type AcceptedMessage,
  checkTransaction,
  type Finding,
  type LoggedConflict,
  type StoredRow,
} from './check-transaction.ts'
import { messageOf, placeOf, RAW_COLUMNS, type RawRow, type ReadAgain } from './raw-messages.ts'
import { groupsOf, together } from './sorted-rows.ts'

const SAYS: Readonly<Record<Finding['book'], string>> = {
  fold: 'every row is what the messages of raw say of its transaction',
  messages: 'every row counts its messages',
  conflicts: 'the log of conflicts has the messages that conflict, and no others',
}

/** Folds all of raw by the processors again, a transaction at a time, and compares the outcome with clean. */
export async function checkFold(client: ClientBase, readAgain: ReadAgain): Promise<Book[]> {
  const judged = new Faults()
  const faults = { fold: new Faults(), messages: new Faults(), conflicts: new Faults() }
  const waiting: string[] = []
  const groups = together(
    acceptedMessages(client, readAgain, judged),
    storedRows(client),
    loggedConflicts(client),
  )
  for await (const { txnId, parts } of groups) {
    const [messages, rows, conflicts] = parts
    const { findings, waits } = checkTransaction({ txnId, messages, rows, conflicts })
    for (const { book, found, expected } of findings) {
      faults[book].add({ key: txnId, found, expected })
    }
    if (waits) waiting.push(txnId)
  }
  await checkRejected(client, readAgain, judged)
  const says =
    'every message of raw is judged as it was: accepted under its id and day, or rejected'
  return [
    bookOf('judgement', says, judged),
    ...(['fold', 'messages', 'conflicts'] as const).map((name) => {
      const { broken, count } = faults[name]
      return bookOf(name, SAYS[name], { broken, count, ...(name === 'fold' ? { waiting } : {}) })
    }),
  ]
}

type AcceptedRow = RawRow & { txn_id: string; business_date: string; is_replayed: boolean }

function acceptedMessages(client: ClientBase, readAgain: ReadAgain, judged: Faults) {
  const query = `select ${RAW_COLUMNS}, txn_id, business_date::text,
           (kafka_partition, kafka_offset, topic, epoch) in (
             select kafka_partition, kafka_offset, topic, epoch
               from rejected_upi_transactions where resolution = 'replayed') as is_replayed
      from raw_upi_transactions as raw where txn_id is not null
     order by txn_id, kafka_timestamp, kafka_partition, kafka_offset`
  return groupsOf(client, { name: 'raw_messages', query }, async (page: AcceptedRow[]) => {
    const results = await readAgain(page.map(messageOf))
    return page.map((row, index): AcceptedMessage | undefined => {
      const at = `${placeOf(row)}/${row.kafka_offset}`
      // It came later than its offset says: whom it met first is unknown, as between partitions.
      const place = row.is_replayed ? at : placeOf(row)
      const result = results[index]
      const payment = result?.ok ? result.value : undefined
      const isSame = payment?.txn_id === row.txn_id && payment.business_date === row.business_date
      const expected = isSame ? '' : payment === undefined ? 'a reject' : 'another id or day'
      if (!isSame) judged.add({ key: at, found: 'accepted', expected })
      return payment && { place, at, payment }
    })
  })
}

const NAMES = `business_date::text, payer, payer_key, payer_handle, payee, payee_key, payee_handle,
  type, channel, mcc, payer_bank, payee_bank, rrn, device, city, state, amount, status,
  response_code, decline_class, original_txn_id`

type CleanSelected = Omit<Payment, 'event_time' | 'completed_at' | 'latency_ms'> & {
  messages: number
  event_micros: string
  completed_micros: string | null
  latency: string | null
}

function storedRows(client: ClientBase) {
  const query = `select txn_id, ${NAMES}, messages,
           (extract(epoch from event_time) * 1000000)::bigint as event_micros,
           (extract(epoch from completed_at) * 1000000)::bigint as completed_micros,
           latency_ms as latency
      from clean_upi_transactions order by txn_id, business_date`
  return groupsOf(client, { name: 'clean_rows', query }, (page: CleanSelected[]) =>
    page.map(({ messages, event_micros, completed_micros, latency, ...same }): StoredRow => {
      const completed_at = completed_micros === null ? null : Number(completed_micros)
      const latency_ms = latency === null ? null : Number(latency)
      const payment = { ...same, event_time: Number(event_micros), completed_at, latency_ms }
      return { payment, messages }
    }),
  )
}

type ConflictRow = Pick<RawRow, 'topic' | 'epoch' | 'kafka_partition' | 'kafka_offset'> & {
  txn_id: string
  kind: LoggedConflict['kind']
}

function loggedConflicts(client: ClientBase) {
  const query = `select txn_id, topic, epoch, kafka_partition, kafka_offset, kind
      from ops.txn_conflicts order by txn_id`
  return groupsOf(client, { name: 'conflicts', query }, (page: ConflictRow[]) =>
    page.map(
      (row): LoggedConflict => ({ at: `${placeOf(row)}/${row.kafka_offset}`, kind: row.kind }),
    ),
  )
}

type RejectedRow = RawRow & { txn_id: string; reasons: string[] | null }

/** Dead letters must still be refused, for the same reasons; a row that Postgres refused is beyond the processors. */
async function checkRejected(client: ClientBase, readAgain: ReadAgain, judged: Faults) {
  // The offset stands in for the id by which pages are read.
  const query = `select ${RAW_COLUMNS}, raw.kafka_offset::text as txn_id, dead.reasons
      from raw_upi_transactions as raw
      left join rejected_upi_transactions as dead
        using (kafka_partition, kafka_offset, topic, epoch)
     where raw.txn_id is null`
  const pages = groupsOf(
    client,
    { name: 'rejected_messages', query },
    async (page: RejectedRow[]) => {
      const results = await readAgain(page.map(messageOf))
      for (const [index, row] of page.entries()) {
        const result = results[index]
        const expected = result?.ok ? 'accepted' : codesOf(result?.reasons ?? [])
        const found = (row.reasons ?? []).join(', ')
        if (found === expected || found === 'INTERNAL' || row.reasons === null) continue
        judged.add({ key: `${placeOf(row)}/${row.kafka_offset}`, found, expected })
      }
      return []
    },
  )
  for await (const _ of pages);
}

function codesOf(reasons: readonly { readonly code: string }[]): string {
  return reasons.map(({ code }) => code).join(', ')
}
