import { createRequire } from 'node:module'
import type { UpiError } from '../core/errors.ts'
import { newPortion, type Portion } from './bytes-in-hand.ts'
import { unreadableBatch } from './kafka.ts'

/** A message as kafkajs holds it before it makes a batch. */
export interface FetchedMessage {
  readonly offset: string
  readonly key: Buffer | null
  readonly value?: Buffer | null
  /** Hidden from `eachBatch`. */
  isControlRecord: boolean
  readonly batchContext?: { readonly producerId: string; readonly inTransaction: boolean }
}

/** What is decoded of a partition at a time, and what it takes of the budget if there is one. */
export type FetchedMessages = FetchedMessage[] & { portion?: Portion }

interface Decoder {
  readonly offset: number
  readInt32(): number
  canReadBytes(count: number): boolean
  readBytes(count: number): Buffer
}

/** What stands for a batch that cannot be unpacked: hidden as a marker is, at the batch's first offset. */
export interface UnreadableBatch extends FetchedMessage {
  readonly unreadable: UpiError
}

// Where the magic byte stands in a batch of any format, and the least that a batch of records takes.
const MAGIC_AT = 16
const MAGIC = 2
const ATTRIBUTES_AT = 21
const CODEC_BITS = 0b111
const BATCH_BYTES_MIN = 49
// What a message takes beyond its bytes: itself, and all that is made of it.
const OBJECTS_BYTES = 512

/**
 * Replaces how kafkajs 2.2.4 reads what was fetched of a partition, before it has done so once. Its own way ends the
 * consumer, of all partitions, at a batch that cannot be unpacked, and at one of more records than a call takes
 * arguments. And it takes as much memory as it is given: here what has no room is left out, as though the fetch ended.
 */
export function mendDecoding(): void {
  const load = createRequire(import.meta.url)
  const path = load.resolve('kafkajs/src/protocol/requests/fetch/v4/decodeMessages')
  load(path)
  const module = load.cache[path]
  if (module === undefined) return
  const DecoderOf = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder
  const decodeOld = load('kafkajs/src/protocol/messageSet/decoder') as (
    decoder: Decoder,
    size: number,
  ) => Promise<FetchedMessage[]>
  const decodeBatch = load('kafkajs/src/protocol/recordBatch/v0/decoder') as (
    decoder: Decoder,
  ) => Promise<{ records: FetchedMessage[] }>

  module.exports = async (decoder: Decoder): Promise<FetchedMessages> => {
    const size = decoder.readInt32()
    if (size <= 0 || !decoder.canReadBytes(size)) return []
    const fetched = decoder.readBytes(size)
    const bytes = isPacked(fetched) ? fetched : Buffer.from(fetched)
    const batches = new DecoderOf(bytes)
    if (bytes.readInt8(MAGIC_AT) !== MAGIC) return await decodeOld(batches, size)
    const records: FetchedMessages = []
    const portion = newPortion()
    if (portion !== undefined) records.portion = portion
    const unpack = async () => {
      const begin = batches.offset
      const unpacked = (await decodeBatch(batches)).records
      return { unpacked, bytes: bytesOf(unpacked, bytes, batches.offset - begin) }
    }
    while (batches.canReadBytes(BATCH_BYTES_MIN)) {
      const first = bytes.readBigInt64BE(batches.offset)
      try {
        const more = portion === undefined ? (await unpack()).unpacked : await portion.add(unpack)
        if (more === undefined) break
        for (const record of more) records.push(record)
      } catch (fault) {
        // The last one may be cut off by the size of the fetch.
        if ((fault as Error).name === 'KafkaJSPartialMessageError') break
        const unreadable = unreadableBatch(fault)
        if (unreadable === undefined) throw fault
        records.push(standInFor(first, unreadable))
        break
      }
    }
    return records
  }
}

// What is not packed is copied: a piece of a fetch would keep all of it in memory.
function isPacked(bytes: Buffer): boolean {
  return (bytes.readInt16BE(ATTRIBUTES_AT) & CODEC_BITS) !== 0
}

function bytesOf(records: readonly FetchedMessage[], fetched: Buffer, length: number): number {
  const one = records.find(({ key, value }) => (value ?? key) !== null)
  const { buffer } = one?.value ?? one?.key ?? fetched
  const unpacked = buffer === fetched.buffer ? length : buffer.byteLength
  return unpacked + records.length * OBJECTS_BYTES
}

function standInFor(first: bigint, unreadable: UpiError): UnreadableBatch {
  const nothing = { key: null, value: null, timestamp: '0', headers: {} }
  return { ...nothing, offset: String(first), isControlRecord: true, unreadable }
}
