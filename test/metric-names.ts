import { collectDefaultMetrics, Registry } from 'prom-client'
import { FACTS, LIBRARY_METRICS } from '../platform/facts/fact-table.ts'
import { METRICS, type Metric } from '../streaming/metric-table.ts'

/** Every name under which Prometheus finds something of ours, with the endings of histograms. */
export function exposedNames(): ReadonlySet<string> {
  const node = new Registry()
  collectDefaultMetrics({ register: node })
  const nodes = node.getMetricsAsArray().map(({ name }) => name)
  node.clear()
  const ours = Object.entries<Pick<Metric, 'type'>>({ ...METRICS, ...LIBRARY_METRICS })
  return new Set([
    ...ours.flatMap(([name, { type }]) => (type === 'histogram' ? withEndings(name) : [name])),
    ...Object.keys(FACTS),
    ...nodes,
    ...withEndings('nodejs_gc_duration_seconds'),
  ])
}

const withEndings = (name: string) => ['_bucket', '_sum', '_count'].map((end) => `${name}${end}`)

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
