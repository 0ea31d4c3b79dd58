import { compressBlock, compressBound, makeBuffer } from 'lz4js'
import { Unpacked } from './unpacked.ts'

/**
 * Unpacks an LZ4 frame. Its blocks may depend on each other: a copy may reach back over all that was unpacked. The
 * checksums of header, blocks and content are passed over, as Kafka's own client does: the broker has checked the batch
 * by its CRC. lz4js' decoder checks no bounds and misplaces the checksums of blocks, hence ours.
 */
export function unpackLz4(bytes: Buffer, bytesMax: number): Buffer {
  const flags = bytes.readUInt8(4)
  if (bytes.readUInt32LE(0) !== MAGIC || (flags & VERSION_MASK) !== VERSION) {
    throw new Error('no LZ4 frame')
  }
  if ((flags & DICTIONARY) !== 0) throw new Error('it needs a dictionary')
  const out = new Unpacked(bytesMax, 4 * bytes.length)
  const afterBlock = (flags & BLOCK_CHECKSUM) === 0 ? 0 : 4
  let at = (flags & CONTENT_SIZE) === 0 ? 7 : 15
  for (;;) {
    const word = bytes.readUInt32LE(at)
    if (word === 0) return out.toBuffer()
    const start = at + 4
    const end = start + (word & ~STORED)
    if (end > bytes.length) throw new Error('the data ends too early')
    if ((word & STORED) === 0) unpackBlock(bytes.subarray(start, end), out)
    else out.addLiteral(bytes, start, end)
    at = end + afterBlock
  }
}

/** Packs into a frame of independent blocks: Kafka's own client reads no others. */
export function packLz4(bytes: Buffer): Buffer {
  const parts: Uint8Array[] = [HEADER]
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = bytes.subarray(at, at + BLOCK_BYTES)
    const packed = makeBuffer(compressBound(block.length))
    const size = compressBlock(block, packed, 0, block.length, new Uint32Array(HASH_ENTRIES))
    const isWorthwhile = size > 0 && size < block.length
    parts.push(
      word(isWorthwhile ? size : block.length + STORED_BIT),
      isWorthwhile ? packed.subarray(0, size) : block,
    )
  }
  return Buffer.concat([...parts, word(0)])
}

const MAGIC = 0x184d2204
const VERSION_MASK = 0xc0
const VERSION = 0x40
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const DICTIONARY = 0x01
// The highest bit of a block's size: its bytes are stored as they are.
const STORED = 1 << 31
const STORED_BIT = 2 ** 31
// Magic, independent blocks of 64 KiB, and the checksum of those two bytes.
const HEADER = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82])
// Under the 64 KiB that the header says: lz4js copies up to ten bytes before the end of a block, and Kafka's decoder
// refuses any copy that begins within the last twelve that a block may have.
const BLOCK_BYTES = 65_520
const HASH_ENTRIES = 65_536

/** Unpacks a block: sequences of literals and a copy, the last of literals alone. */
function unpackBlock(bytes: Buffer, out: Unpacked): void {
  let at = 0
  // 15 says that bytes follow which add to it, up to the first that is not 255.
  const lengthOf = (nibble: number) => {
    let length = nibble
    if (nibble < 15) return length
    for (let more = 255; more === 255; length += more) more = bytes.readUInt8(at++)
    return length
  }
  while (at < bytes.length) {
    const token = bytes[at++] as number
    const literals = lengthOf(token >>> 4)
    out.addLiteral(bytes, at, at + literals)
    at += literals
    if (at === bytes.length) return
    const distance = bytes.readUInt16LE(at)
    at += 2
    out.addCopy(distance, lengthOf(token & 15) + 4)
  }
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
