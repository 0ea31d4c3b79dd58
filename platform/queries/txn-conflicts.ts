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
