/** One entry of an archive. Its body is read before the next entry is asked for. */
export interface TarEntry {
  readonly path: string
  readonly kind: 'file' | 'folder' | 'link'
  readonly bytes: number
  readonly mode: number
  readonly body: AsyncIterable<Buffer>
}

/** Reads the entries of a POSIX ustar archive, as Postgres writes them, from its bytes as they come. */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const bytes = new Bytes(source)
  for (;;) {
    const header = await bytes.take(BLOCK_BYTES)
    if (isZero(header)) break
    checkSum(header)
    const size = numberAt(header, 124, 12)
    let left = size
    const body = (async function* () {
      while (left > 0) {
        const chunk = await bytes.some(left)
        left -= chunk.length
        yield chunk
      }
    })()
    yield {
      path: textAt(header, 0, 100).replace(/^\.\//, '').replace(/\/$/, ''),
      kind: kindOf(textAt(header, 156, 1)),
      bytes: size,
      mode: numberAt(header, 100, 8),
      body,
    }
    for await (const _ of body);
    await bytes.take(padding(size))
  }
  // All of it is read, so that whoever sums up the bytes has seen every one.
  await bytes.drain()
}

const BLOCK_BYTES = 512

function kindOf(flag: string): TarEntry['kind'] {
  if (flag === '0' || flag === '') return 'file'
  if (flag === '5') return 'folder'
  if (flag === '2') return 'link'
  throw new Error(`an entry of kind '${flag}'`)
}

function padding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}

function textAt(block: Buffer, from: number, length: number): string {
  const end = block.indexOf(0, from)
  return block.toString('utf8', from, end < 0 ? from + length : Math.min(end, from + length))
}

// Octal text, or where that is too short big-endian bytes after a set bit.
function numberAt(block: Buffer, from: number, length: number): number {
  if (((block[from] ?? 0) & 0x80) === 0) return Number.parseInt(textAt(block, from, length), 8) || 0
  return block.readUIntBE(from + length - 6, 6)
}

const SUM_AT = 148
const SUM_BYTES = 8
const SPACE = 0x20

function checkSum(block: Buffer): void {
  const isSum = (index: number) => index >= SUM_AT && index < SUM_AT + SUM_BYTES
  const sum = block.reduce((total, byte, index) => total + (isSum(index) ? SPACE : byte), 0)
  if (sum !== numberAt(block, SUM_AT, SUM_BYTES)) throw new Error('a header is damaged')
}

/** Bytes that come in pieces, taken in others. */
class Bytes {
  readonly #source: AsyncIterator<Buffer>
  #piece: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Some, but no more than that many. */
  async some(max: number): Promise<Buffer> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#source.next()
      if (done === true) throw new Error('it ends in the middle')
      this.#piece = value
    }
    const taken = this.#piece.subarray(0, max)
    this.#piece = this.#piece.subarray(taken.length)
    return taken
  }

  async take(count: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for (let left = count; left > 0; left -= pieces.at(-1)?.length ?? 0) {
      pieces.push(await this.some(left))
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  }

  async drain(): Promise<void> {
    while ((await this.#source.next()).done !== true);
  }
}
