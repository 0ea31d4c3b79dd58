import { collectDefaultMetrics, Registry } from 'prom-client'
import { FACTS } from '../platform/facts/fact-table.ts'
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
    ...Object.keys(FACTS),
    ...nodes,
    ...withEndings('nodejs_gc_duration_seconds'),
    ...TEMPORAL,
  ])
}

const withEndings = (name: string) => ['_bucket', '_sum', '_count'].map((end) => `${name}${end}`)

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
  const words = bare.matchAll(/(?<!\w)[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\(|\w)/g)
  return [...words]
    .map(([name]) => name)
    .filter((name) => !/^(and|or|unless|offset|bool)$/.test(name))
}
