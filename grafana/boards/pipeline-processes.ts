import { timeSeries } from '../builder/kinds.ts'
import { prom } from '../builder/query.ts'

/** What stands in a panel of what the worker tells when it is empty. */
export const NO_WORKER = 'Not told: is the worker up, and Prometheus?'

const NO_PROCESS = 'Not told: is any process up, and Prometheus?'

/** Whether a process is stuck in its own work. */
export function eventLoop() {
  return timeSeries({
    title: 'Event loop',
    about: 'By how much timers of a process come late, for one in a hundred of them.',
    unit: 'seconds',
    empty: NO_PROCESS,
    min: 0,
    queries: [prom('nodejs_eventloop_lag_p99_seconds', '{{job}}')],
  })
}

/** Whether a process grows. */
export function memory() {
  return timeSeries({
    title: 'Memory',
    about: 'What a process has in memory, and what its objects take of that.',
    unit: 'bytes',
    empty: NO_PROCESS,
    min: 0,
    queries: [
      prom('process_resident_memory_bytes{job=~"stream|worker"}', '{{job}}'),
      prom('nodejs_heap_size_used_bytes', '{{job}}: objects'),
    ],
  })
}

/** Whether it only tidies up. */
export function garbage() {
  return timeSeries({
    title: 'Garbage collection',
    about: 'Share of its time that a process spends on collecting garbage.',
    unit: 'share',
    empty: NO_PROCESS,
    min: 0,
    softMax: 0.05,
    queries: [
      prom('sum by (job) (rate(nodejs_gc_duration_seconds_sum[$__rate_interval]))', '{{job}}'),
    ],
  })
}

/** Whether it is busy. */
export function cpu() {
  return timeSeries({
    title: 'Processor',
    about: 'Processors that a process keeps busy.',
    unit: 'count',
    empty: NO_PROCESS,
    decimals: 2,
    min: 0,
    queries: [
      prom(
        'sum by (job) (rate(process_cpu_seconds_total{job=~"stream|worker"}[$__rate_interval]))',
        '{{job}}',
      ),
    ],
  })
}
