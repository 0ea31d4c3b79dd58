import type { Pool } from 'pg'
import { by, type FactReader } from './fact-reader.ts'

/** How the worker's own pools stand at this moment. */
export function poolFacts(pools: Readonly<Record<string, Pool>>): FactReader {
  return {
    fact: 'pools',
    ageMsMax: 0,
    async read() {
      const all = Object.entries(pools).map(([name, pool]) => ({ name, pool }))
      const name = (each: { name: string }) => each.name
      return {
        upi_worker_pool_connections: all.flatMap(
          ({ name: pool, pool: { totalCount, idleCount } }) => [
            [totalCount - idleCount, { pool, state: 'busy' }] as const,
            [idleCount, { pool, state: 'idle' }] as const,
          ],
        ),
        upi_worker_pool_connections_max: by(all, 'pool', name, ({ pool }) => pool.options.max),
        upi_worker_pool_waiting_requests: by(all, 'pool', name, ({ pool }) => pool.waitingCount),
      }
    },
  }
}
