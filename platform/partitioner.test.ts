import fc from 'fast-check'
import kafkajs, { type PartitionMetadata } from 'kafkajs'
import { expect, test } from 'vitest'
import { keyPartitioner } from './partitioner.ts'

const partitionsOf = (count: number) =>
  Array.from(
    { length: count },
    (_, partitionId) => ({ partitionId, leader: 1 }) as PartitionMetadata,
  )

test('a key goes where kafkajs and the Java client put it', () => {
  const [ours, theirs] = [keyPartitioner(), kafkajs.Partitioners.DefaultPartitioner()]
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 1, max: 100 }),
      (bytes, count) => {
        const key = Buffer.from(bytes)
        const place = {
          topic: 't',
          partitionMetadata: partitionsOf(count),
          message: { key, value: '' },
        }
        expect(ours(place)).toBe(theirs(place))
      },
    ),
  )
})

const placeOf = (key: string | null, partitions: number) => ({
  topic: 't',
  partitionMetadata: partitionsOf(partitions),
  message: { key, value: '' },
})

test('messages without a key go round', () => {
  const partitioner = keyPartitioner()
  const asked = Array.from({ length: 6 }, () => partitioner(placeOf(null, 3)))
  expect(asked).toEqual([0, 1, 2, 0, 1, 2])
})

test.each([null, 'HDF1'])(
  'a message of key %s that is sent again stays in its partition',
  (key) => {
    const partitioner = keyPartitioner()
    const places = [1, 2, 3, 4].map(() => placeOf(key, 3))
    const first = places.map(partitioner)
    expect(places.map(partitioner)).toEqual(first)
    const grown = places.map((place) => ({ ...place, partitionMetadata: partitionsOf(7) }))
    expect(grown.map(partitioner)).toEqual(first)
  },
)

test.each([null, 'HDF1'])(
  'a message of key %s is put anew where its partition is no more: kafkajs would drop it',
  (key) => {
    const partitioner = keyPartitioner()
    const places = Array.from({ length: 8 }, () => placeOf(key, 8))
    for (const place of places) partitioner(place)
    const shrunk = places.map((place) => ({ ...place, partitionMetadata: partitionsOf(1) }))
    expect(shrunk.map(partitioner)).toEqual(places.map(() => 0))
  },
)
