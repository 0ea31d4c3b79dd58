import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import type { LogBounds, TopicLog } from '../platform/topic-log.ts'
import { type Place, placeOffsets } from '../streaming/place-offsets.ts'
import { aTopicLog } from './fixtures/topic-log.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
let pool: pg.Pool

beforeAll(() => {
  pool = own.pool()
})

function aLog(bounds: LogBounds, over: Partial<TopicLog> = {}): TopicLog {
  return aTopicLog([bounds], { clusterId: 'a', ...over })
}

async function place(
  topic: string,
  log: TopicLog,
  { group = 'g', partitions = [0] } = {},
): Promise<Map<number, Place>> {
  const client = await pool.connect()
  try {
    const rules = { version: 'test', settings: {} }
    return await placeOffsets(client, partitions, { group, topic, rules, readLog: async () => log })
  } finally {
    client.release()
  }
}

async function lossOf(...args: Parameters<typeof place>): Promise<string> {
  const found = [...(await place(...args)).values()].find((each) => 'lost' in each)
  return found === undefined || !('lost' in found) ? 'none' : found.lost.message
}

async function store(topic: string, offset: number, maxKafkaMs?: number): Promise<void> {
  await pool.query(
    `update ops.stream_offsets
        set next_offset = $2, max_kafka_time = to_timestamp($3::bigint / 1000.0) where topic = $1`,
    [topic, offset, maxKafkaMs ?? null],
  )
}

test('a log that begins later leaves a gap on record, and a second group is refused', async () => {
  const log = aLog({ start: 8n, end: 9n })
  expect(await place('late', log)).toEqual(new Map([[0, { epoch: 0, offset: 8n }]]))
  const { rows } = await pool.query(
    `select first_offset, next_offset, reason from ops.stream_gaps where topic = 'late'`,
  )
  expect(rows).toEqual([{ first_offset: '0', next_offset: '8', reason: 'begin' }])
  await expect(place('late', log, { group: 'second' })).rejects.toThrow(/read .* by group g/)
})

test('a partition whose offset its log no longer has is told from the others', async () => {
  await place('lost', aLog({ start: 0n, end: 5n }))
  expect(await lossOf('lost', aLog({ start: 3n, end: 5n }))).toMatch(/offsets 0 to 2 have expired/)
  const two = aLog(
    { start: 3n, end: 5n },
    {
      partitions: new Map([
        [0, { start: 3n, end: 5n }],
        [1, { start: 2n, end: 2n }],
      ]),
    },
  )
  const places = await place('lost', two, { partitions: [0, 1] })
  expect(places.get(0)).toHaveProperty('lost')
  expect(places.get(1)).toEqual({ epoch: 0, offset: 2n })
  await store('lost', 9)
  expect(await lossOf('lost', aLog({ start: 0n, end: 5n }))).toMatch(/ends at 5 but 9 was stored/)
  expect(await lossOf('lost', aLog({ start: 0n, end: 9n }))).toMatch(/no partition 1 any more/)
})

test('a log of nothing but messages later than all that was read is another one', async () => {
  await place('anew', aLog({ start: 0n, end: 9n }))
  await store('anew', 5, 1_000)
  const after = (offset: bigint): Partial<TopicLog> => ({
    offsetAt: async (_, timeMs) => (timeMs === 1_001 ? offset : 0n),
  })
  expect(await lossOf('anew', aLog({ start: 0n, end: 9n }, after(5n)))).toBe('none')
  expect(await lossOf('anew', aLog({ start: 0n, end: 9n }, after(0n)))).toMatch(/only messages/)
  expect(await lossOf('anew', aLog({ start: 5n, end: 9n }, after(5n)))).toBe('none')
})

test('another cluster stops all partitions, and claimed timestamps are refused', async () => {
  const bounds = { start: 0n, end: 5n }
  await place('moved', aLog(bounds))
  const places = await place('moved', aLog(bounds, { clusterId: 'b' }), { partitions: [0, 7] })
  expect([...places.keys()]).toEqual([0, 7])
  expect(await lossOf('moved', aLog(bounds, { clusterId: 'b' }))).toMatch(/from Kafka cluster a/)
  await expect(place('moved', aLog(bounds, { timestamps: 'CreateTime' }))).rejects.toMatchObject({
    code: 'TOPIC_DRIFT',
  })
})

test('what was written already is passed over, and says where it begins again', async () => {
  await place('back', aLog({ start: 0n, end: 99n }))
  for (const [first, next] of [
    [10, 20],
    [20, 30],
    [50, 60],
  ]) {
    await pool.query(
      `insert into ops.stream_batches
         (topic, kafka_partition, raw_day, first_offset, next_offset, messages, accepted, rejected,
          inserted, merged, duplicate, conflicting, gaps, rules_version)
       values ('back', 0, '2026-02-01', $1, $2, 0, 0, 0, 0, 0, 0, 0, 10, 'test')`,
      [first, next],
    )
  }
  const log = aLog({ start: 0n, end: 99n })
  expect((await place('back', log)).get(0)).toEqual({ epoch: 0, offset: 0n, until: 10n })
  await store('back', 15)
  expect((await place('back', log)).get(0)).toEqual({ epoch: 0, offset: 30n, until: 50n })
  await store('back', 50)
  expect((await place('back', log)).get(0)).toEqual({ epoch: 0, offset: 60n })
  const { rows } = await pool.query(
    `select next_offset from ops.stream_offsets where topic = 'back'`,
  )
  expect(rows).toEqual([{ next_offset: '60' }])
})

test('a partition that goes on while it is placed has been sought nowhere, and is not lost', async () => {
  await place('busy', aLog({ start: 0n, end: 50n }))
  const client = await pool.connect()
  const readLog = async () => {
    await pool.query(
      `with moved as (update ops.stream_offsets set next_offset = 60 where topic = 'busy')
       insert into ops.stream_batches (topic, kafka_partition, raw_day, first_offset, next_offset,
         messages, accepted, rejected, inserted, merged, duplicate, conflicting, rules_version)
       values ('busy', 0, '2026-02-01', 0, 60, 60, 60, 0, 60, 0, 0, 0, 'test')`,
    )
    return aLog({ start: 0n, end: 50n })
  }
  try {
    const reader = { group: 'g', topic: 'busy', rules: { version: 'test', settings: {} }, readLog }
    const places = await placeOffsets(client, [0], reader)
    expect(places).toEqual(new Map([[0, { epoch: 0, offset: 0n }]]))
  } finally {
    client.release()
  }
})
