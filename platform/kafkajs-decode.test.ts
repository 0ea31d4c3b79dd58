import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { UNPACKED_BATCH_RECORDS_MAX } from '../core/limits.ts'
import { BytesInHand, fetchWithin } from './bytes-in-hand.ts'
import { COMPRESSIONS, installCodecs } from './kafka-codecs.ts'
import { type FetchedMessages, mendDecoding, type UnreadableBatch } from './kafkajs-decode.ts'

const load = createRequire(import.meta.url)
const Encoder = load('kafkajs/src/protocol/encoder')
const Decoder = load('kafkajs/src/protocol/decoder')
const { RecordBatch } = load('kafkajs/src/protocol/recordBatch/v0')
const encodeRecord = load('kafkajs/src/protocol/recordBatch/record/v0')
const PATH = 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages'

const RECORDS_AT = 57

mendDecoding()
installCodecs()

/** A batch of two records from an offset on; its header may tell of more. */
async function aBatch(firstOffset: number, { told = 2, value = 'x', more = {} } = {}) {
  const records = [0, 1].map((offsetDelta) => encodeRecord({ offsetDelta, key: null, value }))
  const { buffer } = await RecordBatch({ firstOffset, lastOffsetDelta: told - 1, records, ...more })
  buffer.writeInt32BE(told, RECORDS_AT)
  return buffer as Buffer
}

async function decode(...batches: Buffer[]): Promise<FetchedMessages> {
  const fetched = new Encoder().writeBytes(Buffer.concat(batches))
  return await load(PATH)(new Decoder(fetched.buffer))
}

test('a batch of so many records that their objects would fill the memory is not unpacked', async () => {
  const crowded = await aBatch(2, { told: UNPACKED_BATCH_RECORDS_MAX + 1 })
  const records = await decode(await aBatch(0), crowded, await aBatch(200_000))
  expect(records.map(({ offset }) => offset)).toEqual(['0', '1', '2'])
  expect((records.at(-1) as UnreadableBatch).unreadable).toMatchObject({
    code: 'BATCH_UNREADABLE',
    message:
      'a batch at offsets 2 to 131074 cannot be unpacked: it holds 131073 records, more than 131072',
  })
})

test('a batch that the fetch has cut off is left out, wherever that is', async () => {
  const [whole, last] = [await aBatch(0), await aBatch(2)]
  for (let length = 0; length < last.length; length++) {
    expect(await decode(whole, last.subarray(0, length))).toHaveLength(2)
  }
})

test.each([['none'], ['gzip'], ['zstd'], ['lz4'], ['snappy']] as const)(
  'what a batch in %s takes of the budget is what it keeps in memory',
  async (codec) => {
    const more = { compression: COMPRESSIONS[codec] }
    const bytesOf = async (value: string) => {
      const hand = new BytesInHand()
      const fetched = await aBatch(0, { value, more })
      await hand.bound(() => fetchWithin(1, { maxBytes: 1, maxWaitTime: 1 }, () => decode(fetched)))
      return hand.bytes
    }
    for (const length of [1, 1_000, 100_000]) {
      const bytes = await bytesOf('x'.repeat(length))
      expect(bytes).toBeGreaterThanOrEqual(2 * length)
      expect(bytes).toBeLessThan(4 * length + 2_000)
    }
  },
)
