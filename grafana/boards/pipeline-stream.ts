import { timeSeries } from '../builder/kinds.ts'
import { prom } from '../builder/query.ts'
import { NO_WORKER } from './pipeline-processes.ts'

const NO_STREAM = 'Not told: is the stream up, and Prometheus?'

// A mean over what was counted between two points: exact, where a quantile of buckets is a guess.
const mean = (name: string, by: string) =>
  `sum by (${by}) (rate(${name}_sum[$__rate_interval])) / sum by (${by}) (rate(${name}_count[$__rate_interval]))`

const rateBy = (name: string, by: string) => `sum by (${by}) (rate(${name}[$__rate_interval]))`

/** Is it keeping up? */
export function lag() {
  return timeSeries({
    title: 'Lag',
    about:
      "Messages by partition that lie in Kafka and not yet in Postgres, by the log's end, as it was last seen, and the stored offset.",
    unit: 'count',
    empty: NO_STREAM,
    min: 0,
    steps: ['transparent', [1000, 'orange']],
    showSteps: true,
    queries: [prom('sum by (partition) (upi_stream_lag_messages)', 'partition {{partition}}')],
  })
}

/** How much it does. */
export function throughput() {
  return timeSeries({
    title: 'Throughput',
    about:
      'Messages a second that were read from Kafka, and those that were written as accepted and as rejected.',
    unit: 'perSecond',
    empty: NO_STREAM,
    min: 0,
    fields: { accepted: { color: 'green' }, rejected: { color: 'red' } },
    queries: [
      prom('sum(rate(upi_stream_consumed_total[$__rate_interval]))', 'read'),
      prom('sum(rate(upi_stream_accepted_total[$__rate_interval]))', 'accepted'),
      prom('sum(rate(upi_stream_rejected_total[$__rate_interval]))', 'rejected'),
    ],
  })
}

/** From Kafka to a row. */
export function latency() {
  const within = (quantile: number) =>
    `histogram_quantile(${quantile}, ${rateBy('upi_stream_latency_seconds_bucket', 'le')})`
  return timeSeries({
    title: 'From Kafka to a row',
    about:
      "Time from Kafka's stamp of a message to its commit in Postgres, within which half, 95 % and 99 % of the messages came.",
    unit: 'seconds',
    empty: NO_STREAM,
    min: 0,
    queries: [prom(within(0.5), 'p50'), prom(within(0.95), 'p95'), prom(within(0.99), 'p99')],
  })
}

/** Which part of a batch takes long. */
export function batchSteps() {
  return timeSeries({
    title: 'Steps of a batch',
    about:
      'Mean time that batches took: prepare without the database, turn waiting for writes before it, write the transaction.',
    unit: 'seconds',
    empty: NO_STREAM,
    isStacked: true,
    style: 'area',
    min: 0,
    queries: [prom(mean('upi_stream_batch_step_seconds', 'step'), '{{step}}')],
  })
}

/** Which part of a transaction takes long. */
export function writeSteps() {
  return timeSeries({
    title: 'Steps of a write',
    about:
      'Mean time of the parts of a transaction: find a connection and the rows at hand, merge with them, commit all rows.',
    unit: 'seconds',
    empty: NO_STREAM,
    isStacked: true,
    style: 'area',
    min: 0,
    queries: [prom(mean('upi_stream_write_step_seconds', 'step'), '{{step}}')],
  })
}

/** Whether it is held up by memory. */
export function bytesInHand() {
  return timeSeries({
    title: 'Unpacked and not written',
    about:
      'What a worker holds in memory of messages that are not written yet; at 96 MiB it stops fetching.',
    unit: 'bytes',
    empty: NO_STREAM,
    min: 0,
    steps: ['transparent', [96 * 1024 * 1024, 'red']],
    showSteps: true,
    queries: [prom('upi_stream_bytes_in_hand', '{{instance}}')],
  })
}

/** Whom it waits for, and which partitions stand still. */
export function awaited() {
  return timeSeries({
    title: 'Who is waited for',
    about:
      'Servers that are away while work stands still, partitions that nobody reads, and those that wait for a person to decide.',
    unit: 'count',
    empty: NO_STREAM,
    decimals: 0,
    min: 0,
    softMax: 1,
    style: 'area',
    fields: { lost: { color: 'red' }, 'assigned, not read': { color: 'orange' } },
    queries: [
      prom('max by (outside) (upi_stream_awaited)', '{{outside}}'),
      prom(
        'sum(upi_stream_partitions{state="assigned"}) - sum(upi_stream_partitions{state="reading"})',
        'assigned, not read',
      ),
      prom('sum(upi_stream_partitions{state="lost"})', 'lost'),
    ],
  })
}

/** Which rule is broken. */
export function rejectedByRule() {
  return timeSeries({
    title: 'Rejected by rule',
    about: 'Messages a second that broke a rule, by the first rule that they broke.',
    unit: 'perSecond',
    empty: 'Nothing rejected in this range, if the stream is up',
    style: 'bars',
    isStacked: true,
    queries: [prom(`${rateBy('upi_stream_rejected_total', 'code')} > 0`, '{{code}}')],
  })
}

/** What became of messages. */
export function handed() {
  return timeSeries({
    title: 'What became of messages',
    about:
      'Messages a second by outcome, of which duplicate changed nothing and pending waits for an archived day.',
    unit: 'perSecond',
    empty: NO_STREAM,
    style: 'area',
    isStacked: true,
    queries: [prom(rateBy('upi_stream_messages_total', 'outcome'), '{{outcome}}')],
  })
}

/** What is odd and no fault of ours. */
export function oddities() {
  return timeSeries({
    title: 'Oddities',
    about:
      'What a second brings of contradictions between messages, malformed optional fields, offsets without a message, and attempts repeated.',
    unit: 'perSecond',
    empty: NO_STREAM,
    min: 0,
    queries: [
      prom(rateBy('upi_stream_conflicts_total', 'kind'), 'conflict of {{kind}}'),
      prom('sum(rate(upi_stream_warnings_total[$__rate_interval]))', 'warnings'),
      prom('sum(rate(upi_stream_gaps_total[$__rate_interval]))', 'gaps'),
      prom(rateBy('upi_stream_retries_total', 'outside'), 'retries: {{outside}}'),
    ],
  })
}

/** Whether dead letters pile up. */
export function deadLetters() {
  return timeSeries({
    title: 'Dead letters',
    about:
      'Rejected messages that nobody has dealt with, and those that are not yet copied to the dead letter topic.',
    unit: 'count',
    empty: NO_WORKER,
    min: 0,
    queries: [prom('max by (state) (upi_dead_letters)', '{{state}}')],
  })
}
