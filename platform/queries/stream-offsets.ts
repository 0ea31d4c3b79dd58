import type { ClientBase } from 'pg'

/** Where one consumer group stands in one partition. */
export interface StreamPosition {
  readonly group: string
  readonly topic: string
  readonly epoch: number
  readonly partition: number
}

/** What is stored of a partition. */
export interface StoredOffset {
  /** The first offset that has not been read. */
  readonly next: bigint
  /** The latest of Kafka's times of what lies before it, in milliseconds; unknown at first and after a leap. */
  readonly maxKafkaMs: number | undefined
  /** The latest event that was read, as people read it. */
  readonly maxEventTime: string | null
  /** How long ago it was last moved. */
  readonly ageSeconds: number
}

/** The stored offsets of a group; partitions that have none yet are absent. */
export async function findOffsets(
  client: Pick<ClientBase, 'query'>,
  { group, topic, epoch }: Omit<StreamPosition, 'partition'>,
): Promise<Map<number, StoredOffset>> {
  const { rows } = await client.query<{
    kafka_partition: number
    next_offset: string
    max_event_time: Date | null
    max_kafka_ms: string | null
    age_seconds: string
  }>(
    `select kafka_partition, next_offset, max_event_time,
            ceil(extract(epoch from max_kafka_time) * 1000) as max_kafka_ms,
            extract(epoch from now() - updated_at) as age_seconds
       from ops.stream_offsets
      where consumer_group = $1 and topic = $2 and epoch = $3
      order by kafka_partition`,
    [group, topic, epoch],
  )
  return new Map(
    rows.map(({ kafka_partition, next_offset, max_event_time, max_kafka_ms, age_seconds }) => [
      kafka_partition,
      {
        next: BigInt(next_offset),
        maxKafkaMs: max_kafka_ms === null ? undefined : Number(max_kafka_ms),
        maxEventTime: max_event_time?.toISOString() ?? null,
        ageSeconds: Number(age_seconds),
      },
    ]),
  )
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

/**
 * Lets a partition go on elsewhere, if it still stands where the caller believes. Where what lies before the new place
 * was not read, it is unknown how late Kafka's time is there.
 */
export async function moveOffset(
  client: ClientBase,
  at: StreamPosition,
  { from, to, isUnread }: { from: bigint; to: bigint; isUnread: boolean },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update ops.stream_offsets
        set next_offset = $6,
            max_kafka_time = case when $7 then null else max_kafka_time end,
            updated_at = now()
      where consumer_group = $1 and topic = $2 and epoch = $3 and kafka_partition = $4
        and next_offset = $5`,
    [at.group, at.topic, at.epoch, at.partition, from, to, isUnread],
  )
  return rowCount === 1
}

// One of our own among the advisory locks: whoever writes clean holds it, shared or alone.
const BATCHES_LOCK = 4_110_001

/** Waits until no batch is written that must not run beside this one; for the rest of the transaction. */
export async function lockBatches(client: ClientBase, isAlone: boolean): Promise<void> {
  const take = isAlone ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared'
  await client.query(`select ${take}(${BATCHES_LOCK})`)
}

/**
 * Ends the transactions of workers that stopped in the middle of sending or taking rows: frozen, or cut off without a
 * word. They hold the offset of their partition and the lock of all batches, and no timeout of Postgres knows them.
 */
export async function endFrozenBatches(
  client: Pick<ClientBase, 'query'>,
  secondsMin: number,
): Promise<number> {
  const { rowCount } = await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
        and application_name = current_setting('application_name')
        and state = 'active' and wait_event in ('ClientRead', 'ClientWrite')
        and query_start < now() - $1 * interval '1 second'`,
    [secondsMin],
  )
  return rowCount ?? 0
}
