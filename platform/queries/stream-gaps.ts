import type { ClientBase } from 'pg'
import type { StreamPosition } from './stream-offsets.ts'

/** Offsets from the first to before the next. */
export interface Span {
  readonly first: bigint
  readonly next: bigint
}

type Place = Omit<StreamPosition, 'group'>

/**
 * The spans beyond an offset that have been written already, in order: there are some only after somebody has sought
 * back. The books tell, since they are committed with raw.
 */
export async function findWritten(client: ClientBase, at: Place, from: bigint): Promise<Span[]> {
  const { rows } = await client.query<{ first: string; next: string }>(
    `with batches as (
       (select first_offset, next_offset from ops.stream_batches
         where kind = 'stream' and topic = $1 and epoch = $2 and kafka_partition = $3
           and first_offset <= $4
         order by first_offset desc limit 1)
       union all
       select first_offset, next_offset from ops.stream_batches
        where kind = 'stream' and topic = $1 and epoch = $2 and kafka_partition = $3
          and first_offset > $4),
     spans as (
       select unnest(range_agg(int8range(first_offset, next_offset))) as span
         from batches where next_offset > $4)
     select lower(span) as first, upper(span) as next from spans order by 1`,
    [at.topic, at.epoch, at.partition, from],
  )
  return rows.map(({ first, next }) => ({ first: BigInt(first), next: BigInt(next) }))
}

/** Records that a span is passed over, as far as it has not been written or passed over before. */
export async function insertGap(
  client: ClientBase,
  at: Place,
  gap: Span & { reason: 'expired' | 'seek'; actor: string },
): Promise<void> {
  await client.query(
    `with known as (
       select first_offset, next_offset from ops.stream_batches
        where kind = 'stream' and topic = $1 and epoch = $2 and kafka_partition = $3
          and next_offset > $4 and first_offset < $5
       union all
       select first_offset, next_offset from ops.stream_gaps
        where topic = $1 and epoch = $2 and kafka_partition = $3),
     missing as (
       select unnest(int8multirange(int8range($4, $5))
                - coalesce(range_agg(int8range(first_offset, next_offset)), '{}')) as span
         from known)
     insert into ops.stream_gaps
       (topic, epoch, kafka_partition, first_offset, next_offset, reason, actor)
     select $1, $2, $3, lower(span), upper(span), $6, $7 from missing`,
    [at.topic, at.epoch, at.partition, gap.first, gap.next, gap.reason, gap.actor],
  )
}

/** Forgets the gaps from an offset on: what lies in them will be read. */
export async function trimGaps(client: ClientBase, at: Place, from: bigint): Promise<void> {
  const key = [at.topic, at.epoch, at.partition, from]
  await client.query(
    `delete from ops.stream_gaps
      where topic = $1 and epoch = $2 and kafka_partition = $3 and first_offset >= $4`,
    key,
  )
  await client.query(
    `update ops.stream_gaps set next_offset = $4
      where topic = $1 and epoch = $2 and kafka_partition = $3 and next_offset > $4`,
    key,
  )
}

/** How many offsets of each partition were never read. */
export async function countGaps(
  client: Pick<ClientBase, 'query'>,
  { topic, epoch }: Pick<Place, 'topic' | 'epoch'>,
): Promise<Map<number, bigint>> {
  const { rows } = await client.query<{ kafka_partition: number; offsets: string }>(
    `select kafka_partition, sum(next_offset - first_offset)::bigint as offsets
       from ops.stream_gaps where topic = $1 and epoch = $2 group by kafka_partition`,
    [topic, epoch],
  )
  return new Map(rows.map((row) => [row.kafka_partition, BigInt(row.offsets)]))
}
