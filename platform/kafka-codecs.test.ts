import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { UNPACKED_BATCH_BYTES_MAX } from '../core/limits.ts'
import { COMPRESSIONS, installCodecs } from './kafka-codecs.ts'

installCodecs()

const { none: _, ...TYPES } = COMPRESSIONS
const CONTENT = Buffer.from('{"payer":"asha.k@okhdfcbank","payee":"chaishop@ybl"}'.repeat(100))

describe.each(Object.entries(TYPES))('%s', (name, type) => {
  const codec = kafkajs.CompressionCodecs[type]()

  test('is known to kafkajs both ways', async () => {
    const packed = await codec.compress({ buffer: CONTENT })
    expect(packed.length).toBeLessThan(CONTENT.length / 4)
    expect(await codec.decompress(packed)).toEqual(CONTENT)
  })

  test('of corrupt data kafkajs is told not to try again, and people where it lies', async () => {
    const packed = await codec.compress({ buffer: CONTENT })
    const batch = Buffer.concat([batchHeader({ first: 5_000_000_000n, messages: 40 }), packed])
    const broken = batch.subarray(61, batch.length - 20)
    await expect(codec.decompress(broken)).rejects.toMatchObject({
      code: 'BATCH_UNREADABLE',
      retriable: false,
      cause: undefined,
      message: expect.stringMatching(
        `^a ${name} batch at offsets 5000000000 to 5000000039 cannot be unpacked: .`,
      ),
    })
  })

  test('a batch that would fill the memory is refused', async () => {
    const packed = await codec.compress({ buffer: Buffer.alloc(UNPACKED_BATCH_BYTES_MAX + 1) })
    await expect(codec.decompress(packed)).rejects.toThrow('it holds more than 64 MiB')
  })
})

function batchHeader({ first, messages }: { first: bigint; messages: number }): Buffer {
  const header = Buffer.alloc(61)
  header.writeBigInt64BE(first)
  header.writeInt8(2, 16)
  header.writeInt32BE(messages - 1, 23)
  return header
}
