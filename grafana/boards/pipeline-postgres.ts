import { timeSeries } from '../builder/kinds.ts'
import { prom } from '../builder/query.ts'
import { NO_WORKER } from './pipeline-processes.ts'

/** Whether the server is full. */
export function connections() {
  return timeSeries({
    title: 'Sessions of Postgres',
    about:
      'Sessions of the whole server by state, and how many it lets those have who are no superusers.',
    unit: 'count',
    empty: NO_WORKER,
    decimals: 0,
    style: 'area',
    min: 0,
    fields: { most: { color: 'red' } },
    queries: [
      prom('max by (state) (upi_postgres_connections)', '{{state}}'),
      prom('max(upi_postgres_connections_max)', 'most'),
    ],
  })
}

/** Who holds others up. */
export function longest() {
  return timeSeries({
    title: 'Longest statement and transaction',
    about:
      'How long the longest statement and the longest transaction of each role have been running.',
    unit: 'seconds',
    empty: NO_WORKER,
    min: 0,
    steps: ['transparent', [1, 'orange']],
    showSteps: true,
    queries: [
      prom('max by (role) (upi_postgres_longest_query_seconds)', '{{role}}: statement'),
      prom('max by (role) (upi_postgres_longest_transaction_seconds)', '{{role}}: transaction'),
    ],
  })
}

/** Whether a process waits for a connection of its own. */
export function pools() {
  return timeSeries({
    title: 'Pools of processes',
    about: 'Share of the connections to Postgres that a process may have which are busy.',
    unit: 'share',
    empty: NO_WORKER,
    min: 0,
    max: 1,
    steps: ['transparent', [0.8, 'red']],
    showSteps: true,
    queries: [
      prom(
        'sum(upi_stream_pool_connections{state="busy"}) / sum(upi_stream_pool_connections_max)',
        'stream',
      ),
      prom(
        'sum by (pool) (upi_worker_pool_connections{state="busy"}) / sum by (pool) (upi_worker_pool_connections_max)',
        'worker: {{pool}}',
      ),
    ],
  })
}

/** What grows. */
export function tableSizes() {
  return timeSeries({
    title: 'Sizes',
    about: 'What the database and its ten largest tables take on disk with their indexes.',
    unit: 'bytes',
    empty: NO_WORKER,
    min: 0,
    queries: [
      prom('max(upi_postgres_database_bytes)', 'database'),
      prom('topk(10, max by (table) (upi_postgres_table_bytes))', '{{table}}'),
    ],
  })
}

/** Whether vacuum keeps up. */
export function deadRows() {
  return timeSeries({
    title: 'Dead rows',
    about:
      'Share of the rows of a table that vacuum has yet to remove, of tables with more than 10,000 of them.',
    unit: 'share',
    empty: 'No table has 10,000 dead rows',
    min: 0,
    max: 1,
    queries: [
      prom(
        'max by (table) (upi_postgres_dead_rows > 10000) / (max by (table) (upi_postgres_dead_rows) + max by (table) (upi_postgres_live_rows))',
        '{{table}}',
      ),
    ],
  })
}

/** Whether disks fill up. */
export function disks() {
  return timeSeries({
    title: 'Free disk',
    about: 'Share of the disk that is free, by the folder of the worker that lies on it.',
    unit: 'share',
    empty: NO_WORKER,
    min: 0,
    max: 1,
    steps: ['red', [0.1, 'transparent']],
    showSteps: true,
    queries: [
      prom(
        'min by (folder) (upi_disk_free_bytes) / min by (folder) (upi_disk_size_bytes)',
        '{{folder}}',
      ),
    ],
  })
}
