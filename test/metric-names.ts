import { collectDefaultMetrics, Registry } from 'prom-client'
import { METRICS, type Metric } from '../streaming/metric-table.ts'

/** Every name under which Prometheus finds something of ours, with the endings of histograms. */
export function exposedNames(): ReadonlySet<string> {
  const node = new Registry()
  collectDefaultMetrics({ register: node })
  const nodes = node.getMetricsAsArray().map(({ name }) => name)
  node.clear()
  const ofStream = Object.entries<Metric>(METRICS).flatMap(([name, { type }]) =>
    type === 'histogram' ? withEndings(name) : [name],
  )
  return new Set([
    ...ofStream,
    ...FACTS,
    ...nodes,
    ...withEndings('nodejs_gc_duration_seconds'),
    ...TEMPORAL,
  ])
}

const withEndings = (name: string) => ['_bucket', '_sum', '_count'].map((end) => `${name}${end}`)

// What the worker tells of the rest of the platform.
const FACTS = [
  'upi_facts_up',
  'upi_models_marks',
  'upi_models_oldest_mark_age_seconds',
  'upi_models_discovery_age_seconds',
  'upi_model_build_age_seconds',
  'upi_days_open',
  'upi_days_failed',
  'upi_day_close_overdue_seconds',
  'upi_books',
  'upi_reconcile_age_seconds',
  'upi_dead_letters',
  'upi_alerts_open',
  'upi_postgres_connections',
  'upi_postgres_connections_max',
  'upi_postgres_longest_query_seconds',
  'upi_postgres_longest_transaction_seconds',
  'upi_postgres_database_bytes',
  'upi_postgres_table_bytes',
  'upi_postgres_live_rows',
  'upi_postgres_dead_rows',
  'upi_disk_free_bytes',
  'upi_disk_size_bytes',
  'upi_backup_age_seconds',
  'upi_schedule_missed_total',
  'upi_schedule_last_run_age_seconds',
  'upi_schedule_paused',
  'upi_workflows_failed',
  'upi_workflow_last_failure_age_seconds',
  'upi_worker_pool_connections',
  'upi_worker_pool_connections_max',
  'upi_worker_pool_waiting_requests',
]

// What Temporal's library tells of a worker, of which we show these.
const TEMPORAL = [
  ...withEndings('temporal_workflow_task_schedule_to_start_latency'),
  ...withEndings('temporal_activity_schedule_to_start_latency'),
  'temporal_worker_task_slots_available',
]

/** The names of metrics in an expression: what is neither a function, a keyword, a label nor in quotes. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
  const words = bare.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\(|\w)/g)
  return [...words]
    .map(([name]) => name)
    .filter((name) => !/^(and|or|unless|offset|bool)$/.test(name))
}
