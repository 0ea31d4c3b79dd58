import type { ClientBase, Pool } from 'pg'
import { keyOfLetter } from './raw.ts'

/** A dead letter on its way to the dead letter topic, as Kafka gave it. */
export interface UnrelayedLetter {
  readonly topic: string
  readonly epoch: number
  readonly partition: number
  readonly offset: string
  readonly timestamp: Date
  readonly key: string | null
  readonly value: Buffer | null
  readonly code: string
  readonly reasons: readonly string[]
  readonly detail: string | null
}

/**
 * Takes the oldest letters of a topic that were not relayed yet and that nobody else has in hand; they are the caller's
 * until its transaction ends. At least one, however large.
 */
export async function takeUnrelayed(
  client: ClientBase,
  { topic, rowsMax, bytesMax }: { topic: string; rowsMax: number; bytesMax: number },
): Promise<UnrelayedLetter[]> {
  const { rows } = await client.query<LetterRow>(
    `with taken as materialized (
       select * from rejected_upi_transactions
        where relayed_at is null and topic = $1
        order by rejected_at
        limit $2
          for update skip locked),
     keyed as materialized (
       select taken.*, ${keyOfLetter('taken')} as message_key from taken),
     sized as (
       select *, sum(coalesce(octet_length(payload_bytes), octet_length(payload), 0)
                     + coalesce(octet_length(message_key), 0))
                   over (order by rejected_at, kafka_partition, kafka_offset, epoch
                         rows between unbounded preceding and 1 preceding) as bytes_before
         from keyed)
     select topic, epoch, kafka_partition, kafka_offset, kafka_timestamp, message_key,
            case when payload_bytes is null then payload end as payload, payload_bytes,
            reason_code, reasons, detail
       from sized
      where coalesce(bytes_before, 0) < $3
      order by rejected_at, kafka_partition, kafka_offset, epoch`,
    [topic, rowsMax, bytesMax],
  )
  return rows.map(toLetter)
}

/** How many letters of a topic were not relayed yet, those in hand too; counted no further than to `max`. */
export async function countUnrelayed(db: Pool, topic: string, max: number): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `select count(*)::integer as n
       from (select from rejected_upi_transactions
              where relayed_at is null and topic = $1
              limit $2) as waiting`,
    [topic, max],
  )
  return rows[0]?.n ?? 0
}

/** Notes that the dead letter topic has these letters. */
export async function markRelayed(
  client: ClientBase,
  letters: readonly UnrelayedLetter[],
): Promise<void> {
  await client.query(
    `update rejected_upi_transactions as rejected
        set relayed_at = clock_timestamp()
       from unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[])
              as relayed (topic, epoch, kafka_partition, kafka_offset)
      where rejected.kafka_partition = relayed.kafka_partition
        and rejected.kafka_offset = relayed.kafka_offset
        and rejected.topic = relayed.topic
        and rejected.epoch = relayed.epoch`,
    [
      letters.map(({ topic }) => topic),
      letters.map(({ epoch }) => epoch),
      letters.map(({ partition }) => partition),
      letters.map(({ offset }) => offset),
    ],
  )
}

interface LetterRow {
  topic: string
  epoch: number
  kafka_partition: number
  kafka_offset: string
  kafka_timestamp: Date
  message_key: string | null
  payload: string | null
  payload_bytes: Buffer | null
  reason_code: string
  reasons: string[]
  detail: string | null
}

function toLetter(row: LetterRow): UnrelayedLetter {
  return {
    topic: row.topic,
    epoch: row.epoch,
    partition: row.kafka_partition,
    offset: row.kafka_offset,
    timestamp: row.kafka_timestamp,
    key: row.message_key,
    value: row.payload_bytes ?? (row.payload === null ? null : Buffer.from(row.payload)),
    code: row.reason_code,
    reasons: row.reasons,
    detail: row.detail,
  }
}
