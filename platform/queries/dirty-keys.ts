import type { ClientBase } from 'pg'
import type { BusinessDate } from '../../core/time.ts'

/** A day, and a merchant of it if one is named, whose figures no longer hold. */
export interface DirtyKey {
  readonly business_date: BusinessDate
  readonly merchant: string | null
  readonly reason: 'moved' | 'merged' | 'merchant changed'
}

/** Marks what discovery cannot see in clean: rows that have left a day or a merchant. */
export async function markDirty(client: ClientBase, keys: readonly DirtyKey[]): Promise<void> {
  await client.query(
    `insert into ops.dirty_keys (business_date, merchant, reason)
     select * from json_to_recordset($1::json)
       as marked (business_date date, merchant text, reason text)`,
    [JSON.stringify(keys)],
  )
}
