import {
  CONNECTIONS_BUSY_RATIO_MAX,
  DISK_FREE_RATIO_LOW,
  DISK_FREE_RATIO_MIN,
  TRANSACTION_SECONDS_MAX,
  VIEWER_QUERY_SECONDS_MAX,
} from '../../core/alert-bounds.ts'
import type { AlertGroup } from './alert.ts'
import { STREAM_POOL_RATIO, WORKER_POOL_RATIO } from './ratios.ts'

const FREE_RATIO = 'min by (folder) (upi_disk_free_bytes / upi_disk_size_bytes)'

/** Whether Postgres, the disks and the processes have room to work. */
export const SERVER_ALERTS: AlertGroup = {
  name: 'servers',
  alerts: [
    {
      name: 'PoolFull',
      expr: `(${STREAM_POOL_RATIO} or ${WORKER_POOL_RATIO}) > ${CONNECTIONS_BUSY_RATIO_MAX}`,
      for: '5m',
      severity: 'warning',
      summary:
        'More than 80 % of the connections of the {{ $labels.job }}{{ if $labels.pool }} ({{ $labels.pool }}){{ end }} are busy.',
    },
    {
      name: 'PostgresConnections',
      expr: `sum by (job, instance) (upi_postgres_connections) / sum by (job, instance) (upi_postgres_connections_max) > ${CONNECTIONS_BUSY_RATIO_MAX}`,
      for: '5m',
      severity: 'warning',
      summary: 'More than 80 % of the sessions that Postgres allows are taken.',
    },
    {
      name: 'QuerySlow',
      expr: `max by (role) (max_over_time(upi_postgres_longest_query_seconds{role=~"upi_report|upi_api"}[5m])) > ${VIEWER_QUERY_SECONDS_MAX}`,
      severity: 'warning',
      summary: 'A query of {{ $labels.role }} took longer than a second.',
    },
    {
      name: 'TransactionLong',
      expr: `max by (role) (upi_postgres_longest_transaction_seconds) > ${TRANSACTION_SECONDS_MAX}`,
      severity: 'warning',
      summary:
        'A transaction of {{ $labels.role }} is open for more than half an hour: vacuum removes nothing that it may still see.',
    },
    {
      name: 'DiskLow',
      expr: `${FREE_RATIO} < ${DISK_FREE_RATIO_LOW} >= ${DISK_FREE_RATIO_MIN}`,
      for: '5m',
      severity: 'warning',
      summary: 'Less than 20 % is free of the disk of {{ $labels.folder }}.',
    },
    {
      name: 'DiskFull',
      expr: `${FREE_RATIO} < ${DISK_FREE_RATIO_MIN}`,
      for: '1m',
      severity: 'critical',
      summary: 'Less than 10 % is free of the disk of {{ $labels.folder }}.',
    },
    {
      name: 'EventLoopBlocked',
      expr: 'max by (job, instance) (nodejs_eventloop_lag_p99_seconds{job=~"stream|worker"}) > 0.5',
      for: '5m',
      severity: 'warning',
      summary:
        'The {{ $labels.job }} is held up by its own computing for more than half a second at a time.',
    },
    {
      name: 'MemoryHigh',
      // Nine tenths of what docker-compose.yml gives them: beyond it they are killed.
      expr: 'max by (job, instance) (process_resident_memory_bytes{job=~"stream|worker"}) > 450e6',
      for: '10m',
      severity: 'warning',
      summary: 'The {{ $labels.job }} takes nearly all the memory that it is given.',
    },
  ],
}
