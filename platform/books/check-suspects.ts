import type { ClientBase } from 'pg'
import { FOLD_SUSPECTS_MAX } from '../../core/limits.ts'
import type { Payment } from '../../core/payment.ts'
import type { Faults } from './book.ts'
import {
  type AcceptedMessage,
  checkTransaction,
  type Finding,
  type LoggedConflict,
  type StoredRow,
} from './check-transaction.ts'
import { messageOf, placeOf, RAW_COLUMNS, type RawRow, type ReadAgain } from './raw-messages.ts'
import { offsetOf, type RawRules } from './raw-rules.ts'

const IDS_AT_ONCE = 500

/** What transactions are looked at with. */
export interface Looking {
  readonly client: ClientBase
  readonly readAgain: ReadAgain
  readonly rules: RawRules
  /** Days whose rows are in the lake. */
  readonly archived: ReadonlySet<string>
}

/**
 * Looks at transactions with all that the database has of each, on whatever day; at one that several days doubt once, as
 * far as it remembers.
 */
export class Suspects {
  readonly #looking: Looking
  readonly #faults: Readonly<Record<Finding['book'], Faults>>
  #known = new Set<string>()
  #knownBefore = new Set<string>()
  #page: string[] = []

  constructor(looking: Looking, faults: Readonly<Record<Finding['book'], Faults>>) {
    this.#looking = looking
    this.#faults = faults
  }

  async add(id: string): Promise<void> {
    if (this.#known.has(id) || this.#knownBefore.has(id)) return
    if (this.#known.size === FOLD_SUSPECTS_MAX) {
      this.#knownBefore = this.#known
      this.#known = new Set()
    }
    this.#known.add(id)
    this.#page.push(id)
    if (this.#page.length === IDS_AT_ONCE) await this.finish()
  }

  /** Looks at those that it has not looked at yet. */
  async finish(): Promise<void> {
    const page = this.#page
    this.#page = []
    if (page.length > 0) await checkPage(this.#looking, page, this.#faults)
  }
}

async function checkPage(
  { client, readAgain, rules, archived }: Looking,
  ids: readonly string[],
  faults: Readonly<Record<Finding['book'], Faults>>,
): Promise<void> {
  const messages = await readMessages(client, ids)
  const payments = await readAgain(messages.map(messageOf))
  const accepted = messages.flatMap((row, i): (AcceptedMessage & { txn_id: string })[] => {
    const result = payments[i]
    if (result?.ok !== true) return []
    const at = offsetOf(row)
    // One that was replayed came later than its offset says: whom it met first is unknown, as between partitions.
    const place = row.is_replayed ? at : placeOf(row)
    return [{ txn_id: row.txn_id, place, at, payment: result.value }]
  })
  const rows = byId(await readRows(client, ids))
  const conflicts = byId(await readConflicts(client, ids))
  const acceptedOf = byId(accepted)
  const messagesOf = byId(messages)
  for (const id of ids) {
    const own = messagesOf.get(id) ?? []
    if (own.some(({ business_date }) => archived.has(business_date))) continue
    const { findings, waits } = checkTransaction({
      txnId: id,
      messages: acceptedOf.get(id) ?? [],
      rows: rows.get(id) ?? [],
      conflicts: conflicts.get(id) ?? [],
    })
    const isOlder = findings.length > 0 && (await rules.others(own)).size > 0
    if (waits || isOlder) faults.fold.wait(id)
    if (isOlder) continue
    for (const { book, found, expected } of findings) faults[book].add({ key: id, found, expected })
  }
}

function byId<Row extends { readonly txn_id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, ({ txn_id }) => txn_id)
}

type AcceptedRow = RawRow & { txn_id: string; business_date: string; is_replayed: boolean }

async function readMessages(client: ClientBase, ids: readonly string[]): Promise<AcceptedRow[]> {
  const { rows } = await client.query<AcceptedRow>(
    `select ${RAW_COLUMNS}, txn_id, business_date::text,
            exists (select from rejected_upi_transactions as dead
                     where (dead.kafka_partition, dead.kafka_offset, dead.topic, dead.epoch)
                         = (raw.kafka_partition, raw.kafka_offset, raw.topic, raw.epoch)
                       and dead.resolution = 'replayed') as is_replayed
       from raw_upi_transactions as raw where txn_id = any ($1::text[])
      order by txn_id, kafka_timestamp, kafka_partition, kafka_offset`,
    [ids],
  )
  return rows
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

async function readRows(
  client: ClientBase,
  ids: readonly string[],
): Promise<(StoredRow & { txn_id: string })[]> {
  const { rows } = await client.query<CleanSelected>(
    `select txn_id, ${NAMES}, messages,
            (extract(epoch from event_time) * 1000000)::bigint as event_micros,
            (extract(epoch from completed_at) * 1000000)::bigint as completed_micros,
            latency_ms as latency
       from clean_upi_transactions where txn_id = any ($1::text[]) order by txn_id, business_date`,
    [ids],
  )
  return rows.map(({ messages, event_micros, completed_micros, latency, ...same }) => {
    const completed_at = completed_micros === null ? null : Number(completed_micros)
    const latency_ms = latency === null ? null : Number(latency)
    const payment = { ...same, event_time: Number(event_micros), completed_at, latency_ms }
    return { txn_id: same.txn_id, payment, messages }
  })
}

type ConflictRow = Pick<RawRow, 'topic' | 'epoch' | 'kafka_partition' | 'kafka_offset'> & {
  txn_id: string
  kind: LoggedConflict['kind']
}

async function readConflicts(
  client: ClientBase,
  ids: readonly string[],
): Promise<(LoggedConflict & { txn_id: string })[]> {
  const { rows } = await client.query<ConflictRow>(
    `select txn_id, topic, epoch, kafka_partition, kafka_offset, kind
       from ops.txn_conflicts where txn_id = any ($1::text[])`,
    [ids],
  )
  return rows.map((row) => ({ txn_id: row.txn_id, at: offsetOf(row), kind: row.kind }))
}
