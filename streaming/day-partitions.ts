import type { Pool } from 'pg'
import { PARTITION_DAYS_AT_ONCE } from '../core/limits.ts'
import { addDays } from '../core/time.ts'
import {
  ensurePartitions,
  type MadeDay,
  type PartitionedTable,
} from '../platform/queries/partitions.ts'
import type { Batch } from './batch.ts'

// Days are there before their first row comes, so that midnight is like any other moment.
const DAYS_AHEAD = 3

/**
 * Makes the partitions that batches need, before their transactions begin: making one can neither fail them nor hold
 * their locks.
 */
export class DayPartitions {
  readonly #pool: Pool
  readonly #made: Record<PartitionedTable, Set<string>> = {
    raw_upi_transactions: new Set(),
    clean_upi_transactions: new Set(),
  }

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Sees to the days of a batch and to those to come; gives the days of it that are archived and have no partition. */
  async ensure(batch: Batch): Promise<ReadonlySet<string>> {
    const archived = new Set<string>()
    const coming = Array.from({ length: DAYS_AHEAD + 1 }, (_, days) => addDays(batch.rawDay, days))
    const business = batch.outcome.accepted.map(({ payment }) => payment.business_date)
    const wanted: [PartitionedTable, readonly string[]][] = [
      ['raw_upi_transactions', coming],
      ['clean_upi_transactions', [...coming, ...business]],
    ]
    for (const [table, days] of wanted) {
      const made = this.#made[table]
      const missing = [...new Set(days)].filter((day) => !made.has(day))
      while (missing.length > 0) {
        const some = missing.splice(0, PARTITION_DAYS_AT_ONCE)
        for (const { day, outcome } of await this.#make(table, some)) {
          // One that is archived may be restored: it is asked for again.
          if (outcome !== 'archived') made.add(day)
          else if (table === 'clean_upi_transactions') archived.add(day)
        }
      }
    }
    return archived
  }

  /** Believes no day any more to be there: one was, and has been archived. */
  forget(): void {
    for (const days of Object.values(this.#made)) days.clear()
  }

  async #make(table: PartitionedTable, days: readonly string[]): Promise<MadeDay[]> {
    const client = await this.#pool.connect()
    try {
      return await ensurePartitions(client, table, days)
    } finally {
      client.release()
    }
  }
}
