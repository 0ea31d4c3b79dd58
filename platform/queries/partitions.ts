import type { ClientBase } from 'pg'

const ATTEMPTS_MAX = 20

/**
 * Makes the partition of a day where it is missing. Attaching waits only a moment behind open readers, then gives up
 * and is tried again, so that nobody queues behind it.
 */
export async function ensurePartitions(
  client: ClientBase,
  parent: string,
  date: string,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query('select ops.ensure_partitions($1, $2::date, $2::date)', [parent, date])
      return
    } catch (fault) {
      if ((fault as { code?: string }).code !== '55P03' || attempt === ATTEMPTS_MAX) throw fault
    }
  }
}
