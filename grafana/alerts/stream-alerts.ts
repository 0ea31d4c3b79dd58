import {
  LAG_MESSAGES_MAX,
  LETTERS_UNRELAYED_MAX,
  REJECTED_MESSAGES_MIN,
  REJECTED_RATIO_MAX,
} from '../../core/alert-bounds.ts'
import type { AlertGroup } from './alert.ts'
import { REJECTED_RATIO, WRITE_SECONDS } from './ratios.ts'

/** Whether what Kafka has becomes rows, soon and all of it. */
export const STREAM_ALERTS: AlertGroup = {
  name: 'stream',
  alerts: [
    {
      name: 'StreamDown',
      expr: 'up{job="stream"} == 0 or absent(up{job="stream"})',
      for: '1m',
      severity: 'critical',
      summary: 'The stream does not answer: payments wait in Kafka.',
    },
    {
      name: 'StreamLag',
      // A stream that catches up needs nobody. Beside two minutes ago, so that what fell after an earlier outage is soon
      // forgotten; less than a twentieth is no fall, for a lag that stays goes up and down a little.
      expr: `sum(upi_stream_lag_messages) > ${LAG_MESSAGES_MAX} unless sum(upi_stream_lag_messages) < 0.95 * sum(upi_stream_lag_messages offset 2m)`,
      for: '2m',
      severity: 'critical',
      summary: 'More than 1000 messages wait in Kafka, and they do not become fewer.',
    },
    {
      name: 'StreamPartitionLost',
      expr: 'sum(upi_stream_partitions{state="lost"}) > 0',
      severity: 'critical',
      summary: 'A partition stands still until a person has decided where it goes on.',
    },
    {
      name: 'StreamNotReady',
      // Who waits for a server is not ready either: one cause, told once.
      expr: 'max by (job, outside) (upi_stream_awaited) == 1 or on (job) min by (job) (upi_stream_ready) == 0',
      for: '2m',
      severity: 'critical',
      summary:
        'The stream does not read all that is its own{{ if $labels.outside }}: it waits for {{ $labels.outside }}{{ end }}.',
    },
    {
      name: 'StreamRejects',
      expr: `${REJECTED_RATIO} > ${REJECTED_RATIO_MAX} and sum(increase(upi_stream_rejected_total[5m])) > ${REJECTED_MESSAGES_MIN}`,
      for: '5m',
      severity: 'warning',
      summary: 'More than one message in a hundred breaks a rule and is kept as a dead letter.',
    },
    {
      name: 'StreamWritesSlow',
      expr: `${WRITE_SECONDS} > 1`,
      for: '5m',
      severity: 'warning',
      summary: 'A transaction of the stream takes longer than a second.',
    },
    {
      name: 'DeadLettersGrowing',
      // Beyond what is counted they may grow unseen.
      expr: 'max(delta(upi_dead_letters{state="open"}[10m])) > 100 or max(upi_dead_letters{state="open"}) >= 100000',
      for: '5m',
      severity: 'warning',
      summary: 'Dead letters come faster than they are replayed or discarded.',
    },
    {
      name: 'DeadLettersNotRelayed',
      expr: `max(upi_stream_dead_letters_waiting) > ${LETTERS_UNRELAYED_MAX}`,
      for: '10m',
      severity: 'warning',
      summary: 'More than 1000 dead letters are not in their topic yet.',
    },
  ],
}
