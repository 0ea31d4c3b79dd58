import type { Kafka } from 'kafkajs'
import type { ClientBase } from 'pg'
import { findEpoch } from '../platform/queries/stream-epochs.ts'
import { findOffsets } from '../platform/queries/stream-offsets.ts'
import { readTopicLog } from '../platform/topic-log.ts'
import { readOffsetStatus } from './offset-status.ts'

/** Where the stream stands: what Kafka has less what Postgres has, and how old the last commit is. */
export interface StreamStatus {
  /** Of the partitions whose lag means something. */
  readonly lag: number
  readonly partitions: readonly PartitionStatus[]
  /** Seconds since a batch was last written; null before the first. */
  readonly last_batch_age_seconds: number | null
}

export interface PartitionStatus {
  readonly partition: number
  readonly next_offset: number | null
  readonly log_end: number | null
  /** Null where the stored offset means nothing in the log. */
  readonly lag: number | null
  /** Why the stream cannot go on here, and what to do. */
  readonly lost: string | null
  /** Seconds since its offset last moved; null before it ever did. */
  readonly age_seconds: number | null
}

/** Reads the stream's place from both ends. */
export async function readStreamStatus(
  client: Pick<ClientBase, 'query'>,
  kafka: Kafka,
  { topic, group }: { topic: string; group: string },
): Promise<StreamStatus> {
  const stored = await findOffsets(client, { group, topic, epoch: await findEpoch(client, topic) })
  const admin = kafka.admin()
  try {
    // The log's ends last: read first, they would lie behind a stream that goes on meanwhile.
    const log = await readTopicLog(admin, topic)
    const { partitions } = await readOffsetStatus(client, { group, topic, stored, log })
    const ages = [...stored.values()].map(({ ageSeconds }) => ageSeconds)
    return {
      lag: partitions.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
      partitions: partitions.map(({ partition, next_offset, log_end, lag, lost }) => ({
        partition,
        next_offset,
        log_end,
        lag,
        lost,
        age_seconds: stored.get(partition)?.ageSeconds ?? null,
      })),
      last_batch_age_seconds: ages.length === 0 ? null : Math.min(...ages),
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
