import { createRequire } from 'node:module'
import type { UpiError } from '../core/errors.ts'
import { UNPACKED_BATCH_RECORDS_MAX } from '../core/limits.ts'
import {
  batchFault,
  bytesIn,
  HEADER_BYTES,
  isPacked,
  MAGIC,
  MAGIC_AT,
  recordsIn,
} from './batch-header.ts'
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
  readInt32(): number
  canReadBytes(count: number): boolean
  readBytes(count: number): Buffer
}

/** What stands for a batch that cannot be unpacked: hidden as a marker is, at the batch's first offset. */
export interface UnreadableBatch extends FetchedMessage {
  readonly unreadable: UpiError
}

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
    if (fetched.readInt8(MAGIC_AT) !== MAGIC) {
      return await decodeOld(new DecoderOf(Buffer.from(fetched)), size)
    }
    const records: FetchedMessages = []
    const portion = newPortion()
    if (portion !== undefined) records.portion = portion
    for (const batch of batchesIn(fetched)) {
      const unpack = async () => {
        refuseCrowded(batch)
        // What is not packed is copied: a piece of a fetch would keep all of it in memory.
        const own = isPacked(batch) ? batch : Buffer.from(batch)
        const unpacked = (await decodeBatch(new DecoderOf(own))).records
        return { unpacked, bytes: bytesOf(unpacked, batch) }
      }
      try {
        const more = portion === undefined ? (await unpack()).unpacked : await portion.add(unpack)
        if (more === undefined) break
        for (const record of more) records.push(record)
      } catch (fault) {
        const unreadable = unreadableBatch(fault)
        if (unreadable === undefined) throw fault
        records.push(standInFor(batch.readBigInt64BE(0), unreadable))
        break
      }
    }
    return records
  }
}

// The last one may be cut off by the size of the fetch.
function* batchesIn(fetched: Buffer): Generator<Buffer> {
  for (let at = 0; at + HEADER_BYTES <= fetched.length; ) {
    const end = at + bytesIn(fetched.subarray(at))
    if (end > fetched.length) return
    yield fetched.subarray(at, end)
    at = end
  }
}

// Its objects alone would fill the memory, however little its bytes are.
function refuseCrowded(batch: Buffer): void {
  const records = recordsIn(batch)
  if (records <= UNPACKED_BATCH_RECORDS_MAX) return
  const reason = `it holds ${records} records, more than ${UNPACKED_BATCH_RECORDS_MAX}`
  throw batchFault('a batch', { header: batch, reason })
}

// Of a large batch all that was unpacked is kept by any piece of it; small ones share a buffer of Node's pool.
function bytesOf(records: readonly FetchedMessage[], batch: Buffer): number {
  const objects = records.length * OBJECTS_BYTES
  if (!isPacked(batch)) return batch.length + objects
  const one = records.find(({ key, value }) => (value ?? key) !== null)
  const kept = (one?.value ?? one?.key)?.buffer.byteLength ?? 0
  if (kept > Buffer.poolSize) return kept + objects
  const sizes = records.map(({ key, value }) => (key?.length ?? 0) + (value?.length ?? 0))
  return sizes.reduce((sum, size) => sum + size, objects)
}

function standInFor(first: bigint, unreadable: UpiError): UnreadableBatch {
  const nothing = { key: null, value: null, timestamp: '0', headers: {} }
  return { ...nothing, offset: String(first), isControlRecord: true, unreadable }
}
