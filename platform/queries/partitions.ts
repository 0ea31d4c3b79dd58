import type { ClientBase } from 'pg'

export type PartitionedTable = 'raw_upi_transactions' | 'clean_upi_transactions'

/** What became of a day that was asked for. */
export interface MadeDay {
  readonly day: string
  readonly outcome: 'made' | 'there' | 'archived'
}

const ATTEMPTS_MAX = 20
const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Makes the partitions of days that lack them. Attaching waits only a moment for a lock, so that nobody queues behind
 * it, and is then tried again.
 */
export async function ensurePartitions(
  client: ClientBase,
  parent: PartitionedTable,
  days: readonly string[],
): Promise<MadeDay[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { rows } = await client.query<MadeDay>(
        'select day, outcome from ops.ensure_partitions($1, $2::date[])',
        [parent, days],
      )
      return rows
    } catch (fault) {
      const isLock = (fault as { code?: string }).code === LOCK_NOT_AVAILABLE
      if (!isLock || attempt === ATTEMPTS_MAX) throw fault
    }
  }
}
