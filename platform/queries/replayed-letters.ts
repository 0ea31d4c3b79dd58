import type { ClientBase } from 'pg'
import type { RawRow as RawRecord } from '../books/raw-messages.ts'
import type { RawRow } from './raw.ts'
import type { StreamPosition } from './stream-offsets.ts'

/** Where in Kafka a letter lies, as JSON can say it; without an epoch the newest that has one there. */
export interface LetterKey {
  readonly topic: string
  readonly epoch?: number
  readonly partition: number
  readonly offset: string
}

/** Which letters a replay is for. */
export interface ReplayFilter {
  readonly code?: string | undefined
  /** By when they were rejected: the first instant, and the one after the last. */
  readonly from?: string | undefined
  readonly until: string
  readonly ids?: readonly LetterKey[] | undefined
}

/** A dead letter with its message as raw has it. */
export interface LetterRow extends RawRecord {
  readonly reason_code: string
  /** The UTC day of Kafka's time. */
  readonly raw_day: string
  /** Whether raw has the message: its day may be in the lake. */
  readonly is_there: boolean
  /** Whether it was replayed already, by the run that asks. */
  readonly is_replayed: boolean
  readonly is_conflicting: boolean
  /** Of a message that is accepted by now. */
  readonly business_date: string | null
}

const PLACE = 'kafka_partition, kafka_offset, topic, epoch'

/** What a page holds at most; its first letter comes whatever its size. */
interface Page {
  readonly after: Required<LetterKey> | undefined
  readonly rowsMax: number
  readonly bytesMax: number
  /** As whose replayed letters are told too. */
  readonly resolvedBy: string
}

/** The next letters of a topic, or of those named, by place: that nobody has resolved, or that the run itself has. */
export async function findLetters(
  client: ClientBase,
  topic: string,
  { code, from, until, ids }: ReplayFilter,
  { after, rowsMax, bytesMax, resolvedBy }: Page,
): Promise<LetterRow[]> {
  const values: unknown[] = [ids === undefined ? topic : null, until, resolvedBy, rowsMax, bytesMax]
  const give = (value: unknown) => `$${values.push(value)}`
  const conditions = [
    ...(code === undefined ? [] : [`reason_code = ${give(code)}`]),
    ...(from === undefined ? [] : [`rejected_at >= ${give(from)}`]),
    ...(ids === undefined ? [] : [liesIn(give(JSON.stringify(ids)))]),
    ...(after === undefined
      ? []
      : [
          `(${PLACE}) > (${give(after.partition)}, ${give(after.offset)}, ${give(after.topic)}, ${give(after.epoch)})`,
        ]),
  ]
  const { rows } = await client.query<LetterRow>(
    `with taken as materialized (
       select * from rejected_upi_transactions as letter
        where ($1::text is null or topic = $1) and rejected_at < $2
          and (resolution is null or (resolution = 'replayed' and resolved_by = $3))
          ${conditions.map((each) => `and ${each}`).join(' ')}
        order by ${PLACE} limit $4),
     sized as (
       select *, coalesce(sum(coalesce(octet_length(payload_bytes), octet_length(payload), 0)) over (
                  order by ${PLACE} rows between unbounded preceding and 1 preceding), 0) as bytes
         from taken)
     select letter.topic, letter.epoch, letter.kafka_partition, letter.kafka_offset,
            (extract(epoch from letter.kafka_timestamp) * 1000)::bigint as kafka_ms,
            (letter.kafka_timestamp at time zone 'UTC')::date as raw_day,
            letter.payload, letter.payload_bytes, letter.reason_code, raw.message_key,
            raw.kafka_offset is not null as is_there, letter.resolution is not null as is_replayed,
            raw.business_date,
            exists (select from ops.txn_conflicts as noted
                     where noted.kind = 'identity' and noted.kafka_partition = letter.kafka_partition
                       and noted.kafka_offset = letter.kafka_offset and noted.topic = letter.topic
                       and noted.epoch = letter.epoch) as is_conflicting
       from sized as letter
       left join lateral (
         select * from raw_upi_transactions as raw
          where raw.kafka_partition = letter.kafka_partition
            and raw.kafka_offset = letter.kafka_offset
            and raw.kafka_timestamp = letter.kafka_timestamp
            and raw.topic = letter.topic and raw.epoch = letter.epoch) as raw on true
      where letter.bytes < $5
      order by letter.kafka_partition, letter.kafka_offset, letter.topic, letter.epoch`,
    values,
  )
  return rows
}

function liesIn(json: string): string {
  return `exists (
    select from json_to_recordset(${json}::json)
             as asked (topic text, epoch integer, partition integer, "offset" bigint)
     where letter.kafka_partition = asked.partition and letter.kafka_offset = asked.offset
       and letter.topic = asked.topic
       and letter.epoch = coalesce(asked.epoch, (
         select max(epoch) from rejected_upi_transactions as newest
          where newest.kafka_partition = asked.partition and newest.kafka_offset = asked.offset
            and newest.topic = asked.topic)))`
}

type Place = Omit<StreamPosition, 'group'>

const IN_PLACE = `kafka_partition = $1 and topic = $2 and epoch = $3 and kafka_offset = any($4::bigint[])`
const valuesOf = ({ partition, topic, epoch }: Place, offsets: readonly string[]) => [
  partition,
  topic,
  epoch,
  offsets,
]

/** Those of the letters that nobody has resolved and nobody else has in hand, held until the transaction ends. */
export async function holdLetters(
  client: ClientBase,
  at: Place,
  offsets: readonly string[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ kafka_offset: string }>(
    `select kafka_offset from rejected_upi_transactions
      where ${IN_PLACE} and resolution is null
      order by kafka_offset
        for update skip locked`,
    valuesOf(at, offsets),
  )
  return new Set(rows.map(({ kafka_offset }) => kafka_offset))
}

/** Those of the letters that nobody has resolved, in hand or not. */
export async function unresolvedLetters(
  client: ClientBase,
  at: Place,
  offsets: readonly string[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ kafka_offset: string }>(
    `select kafka_offset from rejected_upi_transactions where ${IN_PLACE} and resolution is null`,
    valuesOf(at, offsets),
  )
  return new Set(rows.map(({ kafka_offset }) => kafka_offset))
}

/** Notes that letters were replayed, and by whom; counts them. */
export async function resolveLetters(
  client: ClientBase,
  at: Place,
  offsets: readonly string[],
  resolvedBy: string,
): Promise<number> {
  const { rowCount } = await client.query(
    `update rejected_upi_transactions
        set resolution = 'replayed', resolved_at = clock_timestamp(), resolved_by = $5
      where ${IN_PLACE} and resolution is null`,
    [...valuesOf(at, offsets), resolvedBy],
  )
  return rowCount ?? 0
}

/** Gives messages of one UTC day of raw, until now rejected, their transaction and day; counts them. */
export async function acceptRaw(
  client: ClientBase,
  { partition, topic, epoch, rawDay }: Place & { rawDay: string },
  messages: readonly Required<RawRow>[],
): Promise<number> {
  const { rowCount } = await client.query(
    `update raw_upi_transactions as raw
        set txn_id = said.txn_id, business_date = said.business_date
       from unnest($1::bigint[], $2::text[], $3::date[])
              as said (kafka_offset, txn_id, business_date)
      where raw.kafka_timestamp >= '${rawDay} 00:00:00+00'
        and raw.kafka_timestamp < timestamptz '${rawDay} 00:00:00+00' + interval '1 day'
        and raw.kafka_partition = $4 and raw.topic = $5 and raw.epoch = $6
        and raw.kafka_offset = said.kafka_offset and raw.txn_id is null`,
    [
      messages.map(({ record }) => record.offset),
      messages.map(({ payment }) => payment.txn_id),
      messages.map(({ payment }) => payment.business_date),
      partition,
      topic,
      epoch,
    ],
  )
  return rowCount ?? 0
}
