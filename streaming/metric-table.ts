/** A metric: what it counts, by what, and for a histogram where its buckets end. */
export interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets?: readonly number[]
}

// From a quick answer to a batch that waited behind a lock.
const STEP_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]
// Finest around the targets of 5 and 25 ms; what waited for an outage to end lies beyond a minute.
const LATENCY_SECONDS = [
  0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
  60,
]
// Up to the most that one transaction writes.
const BATCH_MESSAGES = [0, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000]

/**
 * All metrics of the stream beside Node's own. What has no value yet, or none any more, is left out of a scrape. Labels
 * are bounded: by the partitions, by the codes of refusal, and by lists of a few words.
 */
export const METRICS = {
  upi_stream_consumed_total: {
    type: 'counter',
    help: 'Messages read from Kafka; those that were dropped before they were written are read, and count, again.',
    labels: ['partition'],
  },
  upi_stream_messages_total: {
    type: 'counter',
    help: 'Messages written to Postgres, by what became of them: inserted, merged, duplicate, conflicting, pending, rejected.',
    labels: ['partition', 'outcome'],
  },
  upi_stream_accepted_total: {
    type: 'counter',
    help: 'Messages written to Postgres that broke no rule: all outcomes but rejected.',
    labels: ['partition'],
  },
  upi_stream_rejected_total: {
    type: 'counter',
    help: 'Messages written to Postgres as rejected, by the first rule that they broke.',
    labels: ['code'],
  },
  upi_stream_conflicts_total: {
    type: 'counter',
    help: 'Contradictions found: identity, another amount, payer or payee, message set aside; status, message merged.',
    labels: ['kind'],
  },
  upi_stream_absorbed_rows_total: {
    type: 'counter',
    help: 'Rows of clean, stored or of the same batch, that a message met beside its own and that were merged into it.',
    labels: ['partition'],
  },
  upi_stream_warnings_total: {
    type: 'counter',
    help: 'Optional fields that were malformed and became null.',
    labels: ['partition'],
  },
  upi_stream_gaps_total: {
    type: 'counter',
    help: 'Offsets that hold no message: transaction markers, compacted or aborted messages.',
    labels: ['partition'],
  },
  upi_stream_batches_total: {
    type: 'counter',
    help: 'Batches committed to Postgres.',
    labels: ['partition'],
  },
  upi_stream_batches_alone_total: {
    type: 'counter',
    help: 'Batches that no other was written beside: a message lay in another partition than its id as a key belongs to.',
    labels: ['partition'],
  },
  upi_stream_batch_messages: {
    type: 'histogram',
    help: 'Messages in a committed batch.',
    labels: [],
    buckets: BATCH_MESSAGES,
  },
  upi_stream_batch_step_seconds: {
    type: 'histogram',
    help: 'Time that a committed batch took: prepare, without the database; turn, waiting for writes before it; write, the transaction. Of a write that was repeated the last attempt counts.',
    labels: ['step'],
    buckets: STEP_SECONDS,
  },
  upi_stream_write_step_seconds: {
    type: 'histogram',
    help: 'Time of the parts of a write: find, a connection, the offset and the rows that clean has; merge, with them; commit, all rows and the commit.',
    labels: ['step'],
    buckets: STEP_SECONDS,
  },
  upi_stream_latency_seconds: {
    type: 'histogram',
    help: "From Kafka's time of a message to its commit in Postgres; every message counts. The broker's clock against the worker's: below 0 counts as 0.",
    labels: [],
    buckets: LATENCY_SECONDS,
  },
  upi_stream_last_commit_age_seconds: {
    type: 'gauge',
    help: 'Time since the last batch was committed, or since the start if there was none; grows also while there is nothing to read.',
    labels: [],
  },
  upi_stream_lag_messages: {
    type: 'gauge',
    help: "The log's end in Kafka minus the offset stored in Postgres, of partitions that this worker reads. The end is asked for at every scrape; while Kafka is away it is the last known.",
    labels: ['partition'],
  },
  upi_stream_partitions: {
    type: 'gauge',
    help: 'Partitions: assigned to this worker; reading, those of them that have a place to go on from; lost, those that stand still until a person has decided.',
    labels: ['state'],
  },
  upi_stream_bytes_in_hand: {
    type: 'gauge',
    help: 'Bytes that are unpacked and not yet written, with what their objects take, over all partitions. Fetching waits while less than 8 of 96 MiB are free.',
    labels: [],
  },
  upi_stream_ready: {
    type: 'gauge',
    help: 'Whether the worker reads all that is its own: 1, or 0 with the reason at /readyz.',
    labels: [],
  },
  upi_stream_retries_total: {
    type: 'counter',
    help: 'Attempts that failed for what should pass (an outage, a lock, a deadlock) and are repeated, by whom they asked; those that kafkajs repeats by itself are not seen.',
    labels: ['outside'],
  },
  upi_stream_awaited: {
    type: 'gauge',
    help: '1 while work stands still because of a server that is away, or Kafka does not answer the scrape within a second; else 0.',
    labels: ['outside'],
  },
  upi_stream_dead_letters_relayed_total: {
    type: 'counter',
    help: 'Dead letters copied to the dead letter topic by this worker.',
    labels: [],
  },
  upi_stream_dead_letters_waiting: {
    type: 'gauge',
    help: 'Dead letters of the topic that no worker has relayed yet, counted up to 10000; every worker shows the same.',
    labels: [],
  },
  upi_stream_pool_connections: {
    type: 'gauge',
    help: 'Connections to Postgres that are open, by state: busy or idle.',
    labels: ['state'],
  },
  upi_stream_pool_connections_max: {
    type: 'gauge',
    help: 'Connections to Postgres that may be open.',
    labels: [],
  },
  upi_stream_pool_waiting_requests: {
    type: 'gauge',
    help: 'Work that waits for a connection to Postgres.',
    labels: [],
  },
  upi_stream_build_info: {
    type: 'gauge',
    help: 'Always 1; says the version of the program and of the rules of cleaning.',
    labels: ['version', 'rules_version'],
  },
} as const satisfies Record<`upi_stream_${string}`, Metric>

/** The names of the metrics of a type, or of all. */
export type MetricName<Type extends Metric['type'] = Metric['type']> = {
  [Name in keyof typeof METRICS]: (typeof METRICS)[Name]['type'] extends Type ? Name : never
}[keyof typeof METRICS]
