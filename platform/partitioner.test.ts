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

test('messages without a key go round', () => {
  const partitioner = keyPartitioner()
  const place = {
    topic: 't',
    partitionMetadata: partitionsOf(3),
    message: { key: null, value: '' },
  }
  expect(Array.from({ length: 6 }, () => partitioner(place))).toEqual([0, 1, 2, 0, 1, 2])
})
