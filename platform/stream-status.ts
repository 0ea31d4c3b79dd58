import type { Kafka } from 'kafkajs'
import type { ClientBase } from 'pg'
import { findEpoch } from './queries/stream-epochs.ts'

/** Where the stream stands: what Kafka has less what Postgres has, and how old the last commit is. */
export interface StreamStatus {
  readonly lag: number
  readonly partitions: readonly PartitionStatus[]
  /** Seconds since a batch was last written; null before the first. */
  readonly last_batch_age_seconds: number | null
}

export interface PartitionStatus {
  readonly partition: number
  readonly next_offset: number | null
  readonly log_end: number
  readonly lag: number
}

/** Reads the stream's place from both ends. */
export async function readStreamStatus(
  client: ClientBase,
  kafka: Kafka,
  { topic, group }: { topic: string; group: string },
): Promise<StreamStatus> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const { rows } = await client.query<{
      kafka_partition: number
      next_offset: string
      age: string
    }>(
      `select kafka_partition, next_offset, extract(epoch from now() - updated_at) as age
         from ops.stream_offsets
        where consumer_group = $1 and topic = $2 and epoch = $3`,
      [group, topic, await findEpoch(client, topic)],
    )
    // The log's ends last: read first, they would lie behind a stream that goes on meanwhile.
    const ends = await admin.fetchTopicOffsets(topic)
    const stored = new Map(rows.map((row) => [row.kafka_partition, Number(row.next_offset)]))
    const partitions = ends
      .map(({ partition, low, high }) => {
        const next = stored.get(partition)
        const lag = Math.max(0, Number(high) - (next ?? Number(low)))
        return { partition, next_offset: next ?? null, log_end: Number(high), lag }
      })
      .toSorted((a, b) => a.partition - b.partition)
    return {
      lag: partitions.reduce((sum, each) => sum + each.lag, 0),
      partitions,
      last_batch_age_seconds:
        rows.length === 0 ? null : Math.min(...rows.map((row) => Number(row.age))),
    }
  } finally {
    await admin.disconnect()
  }
}

/** Whether the stream has accepted a message since an instant. */
export async function hasAcceptedSince(client: ClientBase, since: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    `select exists (
       select from ops.stream_batches where committed_at > $1 and accepted > 0
     ) as found`,
    [since],
  )
  return rows[0]?.found === true
}
