import type { ClientBase } from 'pg'
import { placeOf, type RawRow } from './raw-messages.ts'

type Place = Pick<RawRow, 'topic' | 'epoch' | 'kafka_partition' | 'kafka_offset'>

/** A message's place, with its offset. */
export function offsetOf(row: Place): string {
  return `${placeOf(row)}/${row.kafka_offset}`
}

/** Tells which messages were written under other rules than those by which raw is read again. */
export class RawRules {
  readonly #client: ClientBase
  readonly #present: string | undefined
  #hasOthers: Promise<boolean> | undefined

  /** Without a present version all rules count as the same. */
  constructor(client: ClientBase, present: string | undefined) {
    this.#client = client
    this.#present = present
  }

  /** Those of the messages, as place and offset, that only a rebuild brings under the present rules. */
  async others(messages: readonly Place[]): Promise<Set<string>> {
    if (this.#present === undefined || messages.length === 0) return new Set()
    this.#hasOthers ??= this.#lookForOthers()
    if (!(await this.#hasOthers)) return new Set()
    const { rows } = await this.#client.query<Place>(OTHERS, [
      this.#present,
      messages.map(({ topic }) => topic),
      messages.map(({ epoch }) => epoch),
      messages.map(({ kafka_partition: partition }) => partition),
      messages.map(({ kafka_offset: offset }) => offset),
    ])
    return new Set(rows.map(offsetOf))
  }

  async #lookForOthers(): Promise<boolean> {
    const { rows } = await this.#client.query(
      'select from ops.stream_batches where rules_version <> $1 limit 1',
      [this.#present],
    )
    return rows.length > 0
  }
}

// The stream's own batch of a message, or a replay's; a rebuild after it has brought the message under its rules.
const OTHERS = `
  select topic, epoch, kafka_partition, kafka_offset
    from unnest($2::text[], $3::integer[], $4::integer[], $5::bigint[])
      as message (topic, epoch, kafka_partition, kafka_offset)
   where exists (
     select from ops.stream_batches as written
      where written.topic = message.topic and written.epoch = message.epoch
        and written.kafka_partition = message.kafka_partition
        and written.first_offset <= message.kafka_offset
        and written.next_offset > message.kafka_offset
        and written.rules_version <> $1
        and not exists (
          select from ops.stream_batches as rebuilt
           where rebuilt.kind = 'rebuild' and rebuilt.rules_version = $1
             and rebuilt.topic = message.topic and rebuilt.epoch = message.epoch
             and rebuilt.kafka_partition = message.kafka_partition
             and rebuilt.first_offset <= message.kafka_offset
             and rebuilt.next_offset > message.kafka_offset
             and rebuilt.batch_id > written.batch_id))`
