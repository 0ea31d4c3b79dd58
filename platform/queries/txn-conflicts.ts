import type { ClientBase } from 'pg'
import type { CleanKey } from './clean.ts'
import type { StreamPosition } from './stream-offsets.ts'

/** A message that contradicts what is known of its transaction. */
export interface TxnConflict extends CleanKey {
  readonly kind: 'identity' | 'status'
  readonly offset: string
  /** What differs: names of fields, or the two statuses; never a VPA. */
  readonly details: object
}

/** Records contradictions of one batch. */
export async function insertConflicts(
  client: ClientBase,
  at: Omit<StreamPosition, 'group'>,
  conflicts: readonly TxnConflict[],
): Promise<void> {
  await client.query(
    `insert into ops.txn_conflicts
       (topic, epoch, kafka_partition, kind, kafka_offset, txn_id, business_date, details)
     select $2, $3, $4, kind, "offset", txn_id, business_date, details
       from json_to_recordset($1::json) as noted
        (kind text, "offset" bigint, txn_id text, business_date date, details jsonb)`,
    [JSON.stringify(conflicts), at.topic, at.epoch, at.partition],
  )
}

/** A line of the log of conflicts, and where its message lies. */
export interface LoggedConflictRow {
  readonly topic: string
  readonly epoch: number
  readonly kafka_partition: number
  readonly kafka_offset: string
  readonly txn_id: string
  readonly kind: TxnConflict['kind']
}

/** What the log has of transactions. */
export async function findConflicts(
  client: ClientBase,
  txnIds: readonly string[],
): Promise<LoggedConflictRow[]> {
  const { rows } = await client.query<LoggedConflictRow>(
    `select topic, epoch, kafka_partition, kafka_offset, txn_id, kind
       from ops.txn_conflicts where txn_id = any($1::text[])`,
    [txnIds],
  )
  return rows
}

/** Takes lines out of the log: what they say is not so, or said at another message. */
export async function deleteConflicts(
  client: ClientBase,
  conflicts: readonly LoggedConflictRow[],
): Promise<void> {
  await client.query(
    `delete from ops.txn_conflicts as noted
      using json_to_recordset($1::json) as gone
        (topic text, epoch integer, kafka_partition integer, kafka_offset bigint, kind text)
      where noted.kafka_partition = gone.kafka_partition and noted.kafka_offset = gone.kafka_offset
        and noted.topic = gone.topic and noted.epoch = gone.epoch and noted.kind = gone.kind`,
    [JSON.stringify(conflicts)],
  )
}
