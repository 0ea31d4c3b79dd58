import type { Kafka } from 'kafkajs'
import type { ClientBase } from 'pg'
import { findEpoch } from './queries/stream-epochs.ts'
import { findOffsets } from './queries/stream-offsets.ts'
import { lagOf, readLogBounds } from './topic-log.ts'

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
    const log = await readLogBounds(admin, topic)
    const partitions = [...log]
      .map(([partition, bounds]) => {
        const { next, ageSeconds } = stored.get(partition) ?? {}
        return {
          partition,
          next_offset: next === undefined ? null : Number(next),
          log_end: Number(bounds.end),
          lag: lagOf(bounds, next),
          age_seconds: ageSeconds ?? null,
        }
      })
      .toSorted((a, b) => a.partition - b.partition)
    const ages = [...stored.values()].map(({ ageSeconds }) => ageSeconds)
    return {
      lag: partitions.reduce((sum, each) => sum + each.lag, 0),
      partitions,
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
