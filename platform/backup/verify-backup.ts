import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { createZstdDecompress } from 'node:zlib'
import { UpiError } from '../../core/errors.ts'
import { type BackupPart, type BackupRecord, readRecord } from './backup-folder.ts'
import { readTar, type TarEntry } from './read-tar.ts'
import { MANIFEST } from './receive-backup.ts'

export interface ReadOptions {
  readonly signal?: AbortSignal
  /** Bytes of the cluster that have been read so far. */
  readonly onBytes?: (bytes: number) => void
  /** Is given every entry by its path in the data folder, and passes its body on. */
  readonly onEntry?: (path: string, entry: TarEntry) => Promise<Write | undefined>
}

/** Takes the pieces of a file, and its end. */
export interface Write {
  write(piece: Buffer): Promise<void>
  end(): Promise<void>
}

export interface VerifiedBackup {
  readonly record: BackupRecord
  readonly files: number
  /** What is wrong with it; nothing if it is whole and as it was written. */
  readonly faults: readonly string[]
}

/**
 * Reads all of a backup: each part against its size and SHA-256 in the record, and each file in the archives against
 * those that the server has summed up itself while it read them.
 */
export async function verifyBackup(
  folder: string,
  options: ReadOptions = {},
): Promise<VerifiedBackup> {
  const record = readRecord(folder)
  const reading = new Reading(folder, options)
  for (const part of record.parts) {
    options.signal?.throwIfAborted()
    await reading.read(part)
  }
  return { record, files: reading.files, faults: reading.ended() }
}

interface Expected {
  readonly bytes: number
  readonly sha256: string
}

class Reading {
  files = 0
  readonly #folder: string
  readonly #options: ReadOptions
  readonly #faults: string[] = []
  readonly #expected: Map<string, Expected>
  #bytes = 0

  constructor(folder: string, options: ReadOptions) {
    this.#folder = folder
    this.#options = options
    this.#expected = this.#readManifest()
  }

  async read(part: BackupPart): Promise<void> {
    const hash = createHash('sha256')
    let bytes = 0
    const path = join(this.#folder, part.name)
    const file = createReadStream(path, { highWaterMark: READ_BYTES })
    const summed = async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        hash.update(chunk)
        bytes += chunk.length
        yield chunk
      }
    }
    try {
      if (part.name === MANIFEST) for await (const _ of summed(file));
      else {
        const archive = createZstdDecompress()
        // What goes wrong before it is met while it is read.
        pipeline(file, summed, archive, () => {})
        await this.#readArchive(part, archive)
      }
      if (bytes !== part.bytes || hash.digest('hex') !== part.sha256) {
        this.#faults.push(`${part.name} is not as it was written`)
      }
    } catch (fault) {
      this.#options.signal?.throwIfAborted()
      if (fault instanceof WriteFault) throw fault.cause
      this.#faults.push(`${part.name} cannot be read: ${(fault as Error).message}`)
    } finally {
      file.destroy()
    }
  }

  /** All faults, those of files that never came included. */
  ended(): string[] {
    const missing = [...this.#expected.keys()].map((path) => `${path} is missing`)
    return [...this.#faults, ...missing]
  }

  async #readArchive(part: BackupPart, archive: AsyncIterable<Buffer>): Promise<void> {
    const oid = /^(\d+)\.tar/.exec(part.name)?.[1]
    const place = oid === undefined ? '' : `pg_tblspc/${oid}/`
    for await (const entry of readTar(archive)) {
      this.#options.signal?.throwIfAborted()
      await this.#readEntry(`${place}${entry.path}`.replace(/\/$/, ''), entry)
    }
  }

  async #readEntry(path: string, entry: TarEntry): Promise<void> {
    const write = await writing(this.#options.onEntry?.(path, entry))
    if (entry.kind !== 'file') return
    this.files += 1
    const hash = createHash('sha256')
    try {
      for await (const piece of entry.body) {
        hash.update(piece)
        this.#bytes += piece.length
        await writing(write?.write(piece))
        this.#options.onBytes?.(this.#bytes)
      }
    } finally {
      await writing(write?.end())
    }
    const expected = this.#expected.get(path)
    this.#expected.delete(path)
    // The log of the time of the backup comes after the manifest; its checksum is that of the archive.
    if (expected === undefined) {
      if (!path.startsWith('pg_wal/')) this.#faults.push(`${path} is not in the manifest`)
    } else if (entry.bytes !== expected.bytes || hash.digest('hex') !== expected.sha256) {
      this.#faults.push(`${path} is not as the server had it`)
    }
  }

  #readManifest(): Map<string, Expected> {
    const path = join(this.#folder, MANIFEST)
    try {
      const { Files: files } = JSON.parse(readFileSync(path, 'utf8')) as ServerManifest
      return new Map(
        files.map((file) => [
          file.Path ?? Buffer.from(file['Encoded-Path'] ?? '', 'hex').toString('latin1'),
          { bytes: file.Size, sha256: file.Checksum },
        ]),
      )
    } catch (cause) {
      const { message } = cause as Error
      throw new UpiError('BACKUP_BROKEN', `${path} cannot be read: ${message}`, {
        fix: 'use another backup',
        cause,
      })
    }
  }
}

const READ_BYTES = 1024 * 1024

interface ServerManifest {
  readonly Files: readonly {
    readonly Path?: string
    readonly 'Encoded-Path'?: string
    readonly Size: number
    readonly Checksum: string
  }[]
}

/** That a file could not be written says nothing about the backup. */
class WriteFault extends Error {}

async function writing<T>(write: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await write
  } catch (cause) {
    throw new WriteFault('not written', { cause })
  }
}
