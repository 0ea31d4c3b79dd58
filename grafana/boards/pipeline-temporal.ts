import { timeSeries } from '../builder/kinds.ts'
import { prom } from '../builder/query.ts'
import { NO_WORKER } from './pipeline-processes.ts'

/** Whether schedules run. */
export function schedules() {
  return timeSeries({
    title: 'Schedules',
    about:
      'Runs that schedules dropped within an hour, and schedules that are paused or not in Temporal.',
    unit: 'count',
    empty: NO_WORKER,
    decimals: 0,
    min: 0,
    softMax: 1,
    queries: [
      prom('max by (schedule) (increase(upi_schedule_missed_total[1h]))', '{{schedule}} dropped'),
      prom('max by (schedule) (upi_schedule_paused) > 0', '{{schedule}} paused'),
    ],
  })
}

/** Which workflow fails. */
export function failedRuns() {
  return timeSeries({
    title: 'Failed runs',
    about: 'Runs of each workflow that failed or timed out in the 24 hours before.',
    unit: 'count',
    empty: NO_WORKER,
    decimals: 0,
    min: 0,
    softMax: 1,
    queries: [prom('max by (workflow) (upi_workflows_failed)', '{{workflow}}')],
  })
}

// Temporal's library counts milliseconds, in buckets too wide for a quantile. The server has workers of its own, of the
// same names, that count seconds.
const waited = (name: string) =>
  `sum by (task_queue) (rate(${name}_sum{job="worker"}[$__rate_interval])) / sum by (task_queue) (rate(${name}_count{job="worker"}[$__rate_interval]))`

/** Whether work waits for a worker. */
export function queueAge() {
  return timeSeries({
    title: 'Age of tasks',
    about: 'Mean time that tasks lay in a queue before a worker took them.',
    unit: 'milliseconds',
    empty: 'No task in this range',
    min: 0,
    queries: [
      prom(waited('temporal_workflow_task_schedule_to_start_latency'), '{{task_queue}}: workflow'),
      prom(waited('temporal_activity_schedule_to_start_latency'), '{{task_queue}}: activity'),
    ],
  })
}

/** Whether workers are full. */
export function slots() {
  return timeSeries({
    title: 'Free places for work',
    about:
      'Workflow tasks and activities that workers could take at once besides those that they have.',
    unit: 'count',
    empty: NO_WORKER,
    decimals: 0,
    min: 0,
    queries: [
      prom(
        'sum by (task_queue, worker_type) (temporal_worker_task_slots_available{job="worker", worker_type!="LocalActivityWorker"})',
        '{{task_queue}}: {{worker_type}}',
      ),
    ],
  })
}
