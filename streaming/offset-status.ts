import type { ClientBase } from 'pg'
import type { UpiError } from '../core/errors.ts'
import { findCluster, findEpoch } from '../platform/queries/stream-epochs.ts'
import { countGaps } from '../platform/queries/stream-gaps.ts'
import type { StoredOffset } from '../platform/queries/stream-offsets.ts'
import { lagOf, type TopicLog } from '../platform/topic-log.ts'
import { lossOf, otherCluster } from './find-loss.ts'
import type { Mover } from './move-offsets.ts'

/** Where the stream stands, for people and machines. */
export interface OffsetStatus {
  readonly topic: string
  readonly group: string
  readonly epoch: number
  readonly cluster_id: string | null
  readonly partitions: readonly PartitionOffsets[]
}

export interface PartitionOffsets {
  readonly partition: number
  /** The first offset that has not been read; null before the first start. */
  readonly next_offset: number | null
  readonly log_start: number | null
  readonly log_end: number | null
  /** Null where the stored offset means nothing in the log. */
  readonly lag: number | null
  /** Offsets that were never read. */
  readonly gaps: number
  readonly max_event_time: string | null
  readonly state: 'ok' | 'not begun' | 'lost'
  /** Why the stream cannot go on here, and what to do. */
  readonly lost: string | null
}

/** Shows the stored offsets, which were read before the log, beside it. */
export async function readOffsetStatus(
  client: Pick<ClientBase, 'query'>,
  { group, topic, stored, log }: Pick<Mover, 'group' | 'topic' | 'stored' | 'log'>,
): Promise<OffsetStatus> {
  const epoch = await findEpoch(client, topic)
  const cluster = await findCluster(client, { topic, epoch })
  const gaps = await countGaps(client, { topic, epoch })
  const isOther = cluster !== null && cluster !== log.clusterId
  const other = isOther ? otherCluster(topic, { was: cluster, is: log.clusterId }) : undefined
  const numbers = [...new Set([...stored.keys(), ...log.partitions.keys()])]
  const partitions = await Promise.all(
    numbers
      .toSorted((a, b) => a - b)
      .map(async (partition) => {
        const at = stored.get(partition)
        const found = at === undefined ? undefined : await lossOf({ topic, partition }, at, log)
        const skipped = Number(gaps.get(partition) ?? 0n)
        return statusOf(partition, { stored: at, log, loss: other ?? found, gaps: skipped })
      }),
  )
  return { topic, group, epoch, cluster_id: cluster, partitions }
}

interface Found {
  readonly stored: StoredOffset | undefined
  readonly log: TopicLog
  readonly loss: UpiError | undefined
  readonly gaps: number
}

function statusOf(partition: number, { stored, log, loss, gaps }: Found): PartitionOffsets {
  const bounds = log.partitions.get(partition)
  return {
    partition,
    next_offset: numberOf(stored?.next),
    log_start: numberOf(bounds?.start),
    log_end: numberOf(bounds?.end),
    lag: bounds === undefined || loss !== undefined ? null : lagOf(bounds, stored?.next),
    gaps,
    max_event_time: stored?.maxEventTime ?? null,
    state: loss !== undefined ? 'lost' : stored === undefined ? 'not begun' : 'ok',
    lost: loss === undefined ? null : [loss.message, loss.fix].filter(Boolean).join('; '),
  }
}

function numberOf(offset: bigint | undefined): number | null {
  return offset === undefined ? null : Number(offset)
}
