import type { ClientBase } from 'pg'

/** Where one consumer group stands in one partition. */
export interface StreamPosition {
  readonly group: string
  readonly topic: string
  readonly epoch: number
  readonly partition: number
}

/** The stored next offsets of a group; partitions that have none yet are absent. */
export async function findOffsets(
  client: Pick<ClientBase, 'query'>,
  { group, topic, epoch }: Omit<StreamPosition, 'partition'>,
): Promise<Map<number, bigint>> {
  const { rows } = await client.query<{ kafka_partition: number; next_offset: string }>(
    `select kafka_partition, next_offset
       from ops.stream_offsets
      where consumer_group = $1 and topic = $2 and epoch = $3`,
    [group, topic, epoch],
  )
  return new Map(rows.map((row) => [row.kafka_partition, BigInt(row.next_offset)]))
}

/** Notes the cluster that a topic's offsets are of, the first time; gives the one that is on record. */
export async function noteCluster(
  client: ClientBase,
  { topic, epoch, clusterId }: { topic: string; epoch: number; clusterId: string },
): Promise<string | null> {
  await client.query(
    `insert into ops.stream_epochs (topic, epoch, cluster_id, adopted_by)
     values ($1, $2, $3, current_user)
     on conflict do nothing`,
    [topic, epoch, clusterId],
  )
  const { rows } = await client.query<{ cluster_id: string | null }>(
    'select cluster_id from ops.stream_epochs where topic = $1 and epoch = $2',
    [topic, epoch],
  )
  return rows[0]?.cluster_id ?? null
}

/** Another group that reads a topic into this database. */
export async function findOtherGroup(
  client: ClientBase,
  { group, topic, epoch }: Omit<StreamPosition, 'partition'>,
): Promise<string | undefined> {
  const { rows } = await client.query<{ consumer_group: string }>(
    `select consumer_group from ops.stream_offsets
      where topic = $2 and epoch = $3 and consumer_group <> $1
      limit 1`,
    [group, topic, epoch],
  )
  return rows[0]?.consumer_group
}

/**
 * Gives a partition its first offset, unless another worker has just done so; what Kafka had lost before that is recorded
 * as a gap.
 */
export async function beginOffset(
  client: ClientBase,
  at: StreamPosition,
  offset: bigint,
): Promise<void> {
  await client.query(
    `with begun as (
       insert into ops.stream_offsets (consumer_group, topic, epoch, kafka_partition, next_offset)
       values ($1, $2, $3, $4, $5)
       on conflict do nothing
       returning next_offset)
     insert into ops.stream_gaps
       (topic, epoch, kafka_partition, first_offset, next_offset, reason, actor)
     select $2, $3, $4, 0, next_offset, 'begin', $1 from begun where next_offset > 0
     on conflict do nothing`,
    [at.group, at.topic, at.epoch, at.partition, offset],
  )
}

const ADVANCE = `
  update ops.stream_offsets
     set next_offset = $6,
         max_event_time = greatest(max_event_time, $7::timestamptz),
         max_kafka_time = greatest(max_kafka_time, $8::timestamptz),
         updated_at = now()
   where consumer_group = $1 and topic = $2 and epoch = $3 and kafka_partition = $4
     and next_offset = $5`

/**
 * Moves a partition's offset if it still stands where the caller believes. The first statement of every batch: it
 * locks out a second owner, and a stale one sees false.
 */
export async function advanceOffset(
  client: ClientBase,
  at: StreamPosition,
  move: { from: bigint; next: bigint; maxEventTime: string | null; maxKafkaTime?: string | null },
): Promise<boolean> {
  const { group, topic, epoch, partition } = at
  const { from, next, maxEventTime, maxKafkaTime = null } = move
  const values = [group, topic, epoch, partition, from, next, maxEventTime, maxKafkaTime]
  const { rowCount } = await client.query({ name: 'advance offset', text: ADVANCE, values })
  return rowCount === 1
}

// One of our own among the advisory locks: whoever writes clean holds it, shared or alone.
const BATCHES_LOCK = 4_110_001

/** Waits until no batch is written that must not run beside this one; for the rest of the transaction. */
export async function lockBatches(client: ClientBase, isAlone: boolean): Promise<void> {
  const take = isAlone ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared'
  await client.query(`select ${take}(${BATCHES_LOCK})`)
}
