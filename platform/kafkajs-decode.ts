import { createRequire } from 'node:module'
import type { UpiError } from '../core/errors.ts'
import { unreadableBatch } from './kafka.ts'

/** A message as kafkajs holds it before it makes a batch. */
export interface FetchedMessage {
  readonly offset: string
  readonly key: Buffer | null
  /** Hidden from `eachBatch`. */
  isControlRecord: boolean
  readonly batchContext?: { readonly producerId: string; readonly inTransaction: boolean }
}

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
const BATCH_BYTES_MIN = 49

/**
 * Replaces how kafkajs 2.2.4 reads what was fetched of a partition, before it has done so once. Its own way ends the
 * consumer, of all partitions, at a batch that cannot be unpacked, and at one of more records than a call takes
 * arguments.
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

  module.exports = async (decoder: Decoder): Promise<FetchedMessage[]> => {
    const size = decoder.readInt32()
    if (size <= 0 || !decoder.canReadBytes(size)) return []
    const bytes = decoder.readBytes(size)
    const batches = new DecoderOf(bytes)
    if (bytes.readInt8(MAGIC_AT) !== MAGIC) return await decodeOld(batches, size)
    const records: FetchedMessage[] = []
    while (batches.canReadBytes(BATCH_BYTES_MIN)) {
      const first = bytes.readBigInt64BE(batches.offset)
      try {
        for (const record of (await decodeBatch(batches)).records) records.push(record)
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

function standInFor(first: bigint, unreadable: UpiError): UnreadableBatch {
  const nothing = { key: null, value: null, timestamp: '0', headers: {} }
  return { ...nothing, offset: String(first), isControlRecord: true, unreadable }
}
