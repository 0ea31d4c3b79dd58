import { promisify } from 'node:util'
import zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import { UpiError } from '../core/errors.ts'
import { UNPACKED_BATCH_BYTES_MAX } from '../core/limits.ts'
import { packLz4, unpackLz4 } from './codecs/lz4.ts'
import { packSnappy, unpackSnappy } from './codecs/snappy.ts'
import { tooLarge } from './codecs/unpacked.ts'

/** The compressions of batches by their names in settings, as kafkajs numbers them. */
export const COMPRESSIONS = {
  none: kafkajs.CompressionTypes.None,
  gzip: kafkajs.CompressionTypes.GZIP,
  snappy: kafkajs.CompressionTypes.Snappy,
  lz4: kafkajs.CompressionTypes.LZ4,
  zstd: kafkajs.CompressionTypes.ZSTD,
} as const

/**
 * Gives kafkajs the codecs that it lacks, and bounds what a batch may unpack to, also for gzip: a megabyte of zeros can
 * be a gigabyte.
 */
export function installCodecs(): void {
  for (const [name, { pack, unpack }] of Object.entries(CODECS)) {
    const type = COMPRESSIONS[name as keyof typeof CODECS]
    kafkajs.CompressionCodecs[type] = () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => await pack(buffer),
      decompress: async (buffer: Buffer) => await unpackBatch(name, buffer, unpack),
    })
  }
}

interface Codec {
  readonly pack: (bytes: Buffer) => Promise<Buffer> | Buffer
  readonly unpack: (bytes: Buffer, bytesMax: number) => Promise<Buffer> | Buffer
}

const [gzip, gunzip] = [promisify<Buffer, Buffer>(zlib.gzip), promisify(zlib.gunzip)]
const [zstd, unzstd] = [
  promisify<Buffer, Buffer>(zlib.zstdCompress),
  promisify(zlib.zstdDecompress),
]

const CODECS: Readonly<Record<Exclude<keyof typeof COMPRESSIONS, 'none'>, Codec>> = {
  gzip: { pack: gzip, unpack: (bytes, maxOutputLength) => gunzip(bytes, { maxOutputLength }) },
  snappy: { pack: packSnappy, unpack: unpackSnappy },
  lz4: { pack: packLz4, unpack: unpackLz4 },
  zstd: { pack: zstd, unpack: (bytes, maxOutputLength) => unzstd(bytes, { maxOutputLength }) },
}

async function unpackBatch(name: string, bytes: Buffer, unpack: Codec['unpack']): Promise<Buffer> {
  try {
    return await unpack(bytes, UNPACKED_BATCH_BYTES_MAX)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const isTooLarge = code === 'ERR_BUFFER_TOO_LARGE'
    const reason = isTooLarge ? tooLarge(UNPACKED_BATCH_BYTES_MAX) : message
    const fault = new UpiError(
      'BATCH_UNREADABLE',
      `a ${name} batch${offsetsOf(bytes)} cannot be unpacked: ${reason}`,
      { fix: 'seek past it with ./upi offsets, or delete its records from the topic' },
    )
    // kafkajs would fetch the same batch for ever; and it hides an error behind the cause that it has.
    throw Object.assign(fault, { retriable: false })
  }
}

/** The offsets of a batch, read from its header, which lies before the records in the buffer of the fetch. */
function offsetsOf(records: Buffer): string {
  const start = records.byteOffset - BATCH_HEADER_BYTES
  if (start < 0) return ''
  const header = Buffer.from(records.buffer, start, BATCH_HEADER_BYTES)
  if (header.readInt8(MAGIC_AT) !== MAGIC) return ''
  const first = header.readBigInt64BE(0)
  return ` at offsets ${first} to ${first + BigInt(header.readInt32BE(LAST_DELTA_AT))}`
}

const BATCH_HEADER_BYTES = 61
const MAGIC_AT = 16
const MAGIC = 2
const LAST_DELTA_AT = 23
