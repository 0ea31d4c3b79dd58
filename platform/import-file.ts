import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { UpiError } from '../core/errors.ts'
import type { ENCODINGS } from '../core/import/mapping.ts'
import { IMPORT_LINE_CHARS_MAX, IMPORT_SAMPLE_LINES_MAX } from '../core/limits.ts'

type Encoding = (typeof ENCODINGS)[number]

/** Some lines of a file, in its order; null is one that was too long to keep. */
export interface Portion {
  /** Number of the first of them, from 1. */
  readonly first: number
  readonly lines: readonly (string | null)[]
  /** How much of the file has been read, as it lies on the disk. */
  readonly bytesRead: number
  /** Whether a line may hold U+FFFD, which stands where bytes could not be read. */
  readonly isDamaged: boolean
}

// Lines enough for one produce request, and memory for nothing more.
const CHUNK_BYTES = 128 * 1024

const STDIN = '-'

/** A file of lines, plain or gzip, or stdin; its encoding by its byte order mark unless it is given. */
export class ImportFile {
  readonly name: string
  /** Undefined for what has no end yet. */
  readonly bytes: number | undefined
  #encoding: Encoding | undefined
  #kept: Portion[] = []
  #rest: AsyncGenerator<Portion> | undefined

  private constructor(name: string, bytes: number | undefined, encoding: Encoding | undefined) {
    this.name = name
    this.bytes = bytes
    this.#encoding = encoding
  }

  /** Looks whether there is a file of this name; `-` is stdin. */
  static async open(name: string, encoding?: Encoding): Promise<ImportFile> {
    if (name === STDIN) return new ImportFile(name, undefined, encoding)
    const found = await stat(name).catch((cause) => {
      throw unreadable(name, cause)
    })
    if (found.isDirectory()) throw new UpiError('OPTION_INVALID', `${name} is a folder`)
    return new ImportFile(name, found.isFile() ? found.size : undefined, encoding)
  }

  /** The encoding, once something has been read. */
  get encoding(): Encoding | undefined {
    return this.#encoding
  }

  /** The first lines. What can be read but once is kept for `portions`. */
  async sample(): Promise<(string | null)[]> {
    const portions = this.#read()
    const lines: (string | null)[] = []
    const kept: Portion[] = []
    while (lines.length < IMPORT_SAMPLE_LINES_MAX) {
      const { value, done } = await portions.next()
      if (done) break
      kept.push(value)
      lines.push(...value.lines)
    }
    if (this.bytes === undefined) {
      this.#kept = kept
      this.#rest = portions
    } else await portions.return(undefined)
    return lines.slice(0, IMPORT_SAMPLE_LINES_MAX)
  }

  /** All lines from the first; memory stays that of one portion. */
  async *portions(): AsyncGenerator<Portion> {
    for (let next = this.#kept.shift(); next !== undefined; next = this.#kept.shift()) yield next
    yield* this.#rest ?? this.#read()
  }

  async *#read(): AsyncGenerator<Portion> {
    const source =
      this.name === STDIN
        ? process.stdin
        : createReadStream(this.name, { highWaterMark: CHUNK_BYTES })
    const progress = { bytes: 0 }
    try {
      const chunks = await unpacked(source, progress)
      const head = await takeHead(chunks)
      refuseArchives(this.name, head)
      this.#encoding ??= encodingOf(head)
      const texts = decoded(chain(head, chunks), this.#encoding)
      for await (const portion of portionsOf(texts)) yield { ...portion, bytesRead: progress.bytes }
    } catch (cause) {
      throw unreadable(this.name, cause)
    } finally {
      source.destroy()
    }
  }
}

type Chunks = AsyncIterator<Buffer>

async function unpacked(source: Readable, progress: { bytes: number }): Promise<Chunks> {
  const counted = countBytes(source, progress)
  const head = await takeHead(counted)
  const all = chain(head, counted)
  if (head[0] !== 0x1f || head[1] !== 0x8b) return all
  // Its fault reaches whoever reads the chunks.
  const plain = pipeline(Readable.from(all), createGunzip({ chunkSize: CHUNK_BYTES }), () => {})
  return plain[Symbol.asyncIterator]() as Chunks
}

async function* countBytes(source: Readable, progress: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    progress.bytes += chunk.length
    yield chunk
  }
}

const MAGIC_BYTES = 4

// A pipe may give its first bytes one by one.
async function takeHead(chunks: Chunks): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  while (head.length < MAGIC_BYTES) {
    const { value, done } = await chunks.next()
    if (done) break
    head = head.length === 0 ? value : Buffer.concat([head, value])
  }
  return head
}

async function* chain(head: Buffer, rest: Chunks): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

function refuseArchives(name: string, head: Buffer): void {
  if (head.toString('latin1', 0, MAGIC_BYTES) !== 'PK\u0003\u0004') return
  throw new UpiError('OPTION_INVALID', `${name} is a spreadsheet or a zip archive`, {
    fix: 'save it as CSV',
  })
}

function encodingOf(head: Buffer): Encoding {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  return 'utf-8'
}

async function* decoded(chunks: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<string> {
  // Takes the byte order mark away.
  const decoder = new TextDecoder(encoding)
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}

async function* portionsOf(
  texts: AsyncIterable<string>,
): AsyncGenerator<Omit<Portion, 'bytesRead'>> {
  let separator: string | undefined
  let first = 1
  let tail = ''
  let isCut = false
  const cut = (lines: (string | null)[]) => {
    if (isCut && lines.length > 0) lines[0] = null
    const portion = { first, lines, isDamaged: lines.some((line) => line?.includes('\uFFFD')) }
    first += lines.length
    return portion
  }
  for await (const text of texts) {
    separator ??= text.includes('\n') || !text.includes('\r') ? '\n' : '\r'
    const lines: (string | null)[] = `${tail}${text}`.split(separator)
    tail = lines.pop() as string
    if (text.includes('\r')) for (const [i, line] of lines.entries()) lines[i] = withoutReturn(line)
    if (lines.length > 0) {
      yield cut(lines)
      isCut = false
    }
    if (tail.length > IMPORT_LINE_CHARS_MAX) {
      tail = ''
      isCut = true
    }
  }
  if (tail !== '' || isCut) yield cut([withoutReturn(tail)])
}

function withoutReturn(line: string | null): string | null {
  return line?.endsWith('\r') ? line.slice(0, -1) : line
}

function unreadable(name: string, cause: unknown): unknown {
  if (cause instanceof UpiError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT')
    return new UpiError('OPTION_INVALID', `there is no file ${name}`, { cause })
  return new UpiError('INPUT_BROKEN', `${name} cannot be read: ${message}`, { cause })
}
