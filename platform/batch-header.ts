import { UpiError } from '../core/errors.ts'

// Of a batch of any format the magic byte is in the same place; all else is of its second format.
export const MAGIC_AT = 16
export const MAGIC = 2
const LENGTH_AT = 8
const ATTRIBUTES_AT = 21
const CODEC_BITS = 0b111
const LAST_DELTA_AT = 23
const RECORDS_AT = 57
export const HEADER_BYTES = 61

/** How long a batch is, by its header: its length counts what follows it. */
export function bytesIn(header: Buffer): number {
  return LENGTH_AT + 4 + header.readInt32BE(LENGTH_AT)
}

/** Whether a batch is compressed, by its header. */
export function isPacked(header: Buffer): boolean {
  return (header.readInt16BE(ATTRIBUTES_AT) & CODEC_BITS) !== 0
}

/** How many records a batch holds, by its header: brokers take no batch that holds others. */
export function recordsIn(header: Buffer): number {
  return header.readInt32BE(RECORDS_AT)
}

/** What stops a partition at a batch; without its header it is not told where that lies. */
export function batchFault(
  what: string,
  { header, reason }: { header: Buffer | undefined; reason: string },
): UpiError {
  const fault = new UpiError(
    'BATCH_UNREADABLE',
    `${what}${header === undefined ? '' : offsetsOf(header)} cannot be unpacked: ${reason}`,
    { fix: 'seek past it with ./upi offsets, or delete its records from the topic' },
  )
  // kafkajs would fetch the same batch for ever; and it hides an error behind the cause that it has.
  return Object.assign(fault, { retriable: false })
}

function offsetsOf(header: Buffer): string {
  if (header.readInt8(MAGIC_AT) !== MAGIC) return ''
  const first = header.readBigInt64BE(0)
  return ` at offsets ${first} to ${first + BigInt(header.readInt32BE(LAST_DELTA_AT))}`
}
