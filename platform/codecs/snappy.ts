import { createRequire } from 'node:module'
import { Unpacked } from './unpacked.ts'

// Its decoder loops for ever on some corrupt data, hence ours; it has no types.
const { compress } = createRequire(import.meta.url)('snappyjs') as {
  compress: (bytes: Buffer) => Buffer
}

/** Unpacks Snappy as Kafka's clients write it: the Java client and others in xerial's frame, librdkafka without one. */
export function unpackSnappy(bytes: Buffer, bytesMax: number): Buffer {
  const out = new Unpacked(bytesMax, 4 * bytes.length)
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    unpackBlock(bytes, out)
    return out.toBuffer()
  }
  for (let at = HEADER.length; at < bytes.length; ) {
    const start = at + 4
    at = start + bytes.readUInt32BE(at)
    if (at > bytes.length) throw new Error('the data ends too early')
    unpackBlock(bytes.subarray(start, at), out)
  }
  return out.toBuffer()
}

/** Packs in xerial's frame, which every client reads. */
export function packSnappy(bytes: Buffer): Buffer {
  const parts: Buffer[] = [HEADER]
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = compress(bytes.subarray(at, at + BLOCK_BYTES))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

const MAGIC = Buffer.from('\x82SNAPPY\0', 'latin1')
// After the magic the version, and the oldest one that can read it.
const HEADER = Buffer.concat([MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])
const BLOCK_BYTES = 32_768

/**
 * Unpacks a block: its length, then elements. The low two bits of an element's first byte are its kind: 0 a literal,
 * others a copy whose distance takes 1, 2 or 4 bytes.
 */
function unpackBlock(bytes: Buffer, out: Unpacked): void {
  const { length, size } = readVarint(bytes)
  const end = out.length + length
  for (let at = size; at < bytes.length; ) {
    const tag = bytes.readUInt8(at++)
    const kind = tag & 3
    if (kind === 0) {
      // From 60 on the length itself follows, in 1 to 4 bytes.
      const width = Math.max(0, (tag >>> 2) - 59)
      const count = (width === 0 ? tag >>> 2 : bytes.readUIntLE(at, width)) + 1
      at += width + count
      out.addLiteral(bytes, at - count, at)
    } else if (kind === 1) {
      out.addCopy(((tag & 0xe0) << 3) | bytes.readUInt8(at), ((tag >>> 2) & 7) + 4)
      at += 1
    } else {
      const width = kind === 2 ? 2 : 4
      out.addCopy(bytes.readUIntLE(at, width), (tag >>> 2) + 1)
      at += width
    }
  }
  if (out.length !== end) throw new Error('a block is not as long as it says')
}

function readVarint(bytes: Buffer): { length: number; size: number } {
  let length = 0
  for (let size = 0; size < 5; size++) {
    const byte = bytes.readUInt8(size)
    length += (byte & 0x7f) * 2 ** (7 * size)
    if (byte < 0x80) return { length, size: size + 1 }
  }
  throw new Error('a block has no length')
}
