import {
  latencyQuantile,
  REJECTED_RATIO,
  STREAM_POOL_RATIO,
  WORKER_POOL_RATIO,
  WRITE_SECONDS,
} from './ratios.ts'

/** Series that Prometheus computes once for all who look; by name, what each is. */
export const RECORDINGS: Readonly<Record<`upi:${string}:${string}`, string>> = {
  'upi:stream_messages:rate1m': 'sum(rate(upi_stream_messages_total[1m]))',
  'upi:stream_lag_messages:sum': 'sum(upi_stream_lag_messages)',
  'upi:stream_rejected:ratio_rate5m': REJECTED_RATIO,
  'upi:stream_latency_seconds:p50_rate5m': latencyQuantile(0.5),
  'upi:stream_latency_seconds:p95_rate5m': latencyQuantile(0.95),
  'upi:stream_latency_seconds:p99_rate5m': latencyQuantile(0.99),
  'upi:stream_write_seconds:mean_rate5m': WRITE_SECONDS,
  'upi:pool_busy:ratio_avg5m': `${STREAM_POOL_RATIO} or ${WORKER_POOL_RATIO}`,
}
