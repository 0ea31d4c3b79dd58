import { promisify } from 'node:util'
import zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import { UNPACKED_BATCH_BYTES_MAX } from '../core/limits.ts'
import { batchFault, HEADER_BYTES } from './batch-header.ts'
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
    throw batchFault(`a ${name} batch`, { header: headerBefore(bytes), reason })
  }
}

/** The header of a batch: it lies before the records in the buffer of the fetch. */
function headerBefore(records: Buffer): Buffer | undefined {
  const start = records.byteOffset - HEADER_BYTES
  return start < 0 ? undefined : Buffer.from(records.buffer, start, HEADER_BYTES)
}
