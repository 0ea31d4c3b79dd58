// What alerts ask and dashboards show: said once.

/** The share of messages that were rejected. */
export const REJECTED_RATIO =
  'sum(rate(upi_stream_rejected_total[5m])) / sum(rate(upi_stream_messages_total[5m]))'

/** The mean time of a transaction of the stream, in seconds. */
export const WRITE_SECONDS =
  'sum(rate(upi_stream_batch_step_seconds_sum{step="write"}[5m])) / sum(rate(upi_stream_batch_step_seconds_count{step="write"}[5m]))'

/** The share of a pool that is busy. */
export const STREAM_POOL_RATIO =
  'sum by (job, instance) (avg_over_time(upi_stream_pool_connections{state="busy"}[5m])) / sum by (job, instance) (avg_over_time(upi_stream_pool_connections_max[5m]))'
export const WORKER_POOL_RATIO =
  'sum by (job, instance, pool) (avg_over_time(upi_worker_pool_connections{state="busy"}[5m])) / sum by (job, instance, pool) (avg_over_time(upi_worker_pool_connections_max[5m]))'

/** From Kafka to a row in Postgres, in seconds. */
export function latencyQuantile(quantile: number): string {
  return `histogram_quantile(${quantile}, sum by (le) (rate(upi_stream_latency_seconds_bucket[5m])))`
}
