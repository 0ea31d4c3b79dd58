import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync, renameSync, statfsSync } from 'node:fs'
import { open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { UpiError } from '../../core/errors.ts'
import { DISK_FREE_BYTES_MIN } from '../../core/stack-limits.ts'
import type { Needed } from '../config.ts'
import { makeFolder } from '../make-folder.ts'
import {
  type BackupPart,
  type BackupRecord,
  listBackups,
  nextName,
  partName,
  RECORD,
  recordText,
  removeLeftovers,
} from './backup-folder.ts'
import { MANIFEST, receiveBackup } from './receive-backup.ts'
import { verifyBackup } from './verify-backup.ts'

/** How far the work is; the whole is the server's estimate. */
export interface BackupProgress {
  readonly doing: 'receiving' | 'verifying'
  readonly bytes: number
  readonly of: number
}

export interface BackupWish {
  readonly date: string
  /** One more, though one of this date is there. */
  readonly again: boolean
  /** Whoever asks twice under one name gets the same backup. */
  readonly run: string
  readonly signal: AbortSignal
  readonly onProgress: (progress: BackupProgress) => void
  /** What the disk must keep free. */
  readonly freeBytesMin?: number
}

export interface TakenBackup {
  readonly state: 'made' | 'there'
  readonly record: BackupRecord
}

/**
 * Takes a base backup of the cluster and reads it again to verify it. It is written under a hidden name and gets its own
 * when it is whole, verified and on the disk: what is there under the name of a backup is one.
 */
export async function takeBackup(
  config: Needed<'backupDatabaseUrl' | 'backupDir'>,
  wish: BackupWish,
): Promise<TakenBackup> {
  const dir = config.backupDir
  try {
    makeFolder(dir)
    const whole = listBackups(dir).flatMap(({ record }) => (record === undefined ? [] : [record]))
    const mine = whole.find(({ run }) => run === wish.run)
    if (mine !== undefined) return { state: 'made', record: mine }
    const there = whole.findLast(({ date }) => date === wish.date)
    if (there !== undefined && !wish.again) return { state: 'there', record: there }
    return { state: 'made', record: await writeBackup(config, wish) }
  } catch (fault) {
    wish.signal.throwIfAborted()
    throw folderFault(fault, dir)
  }
}

async function writeBackup(
  config: Needed<'backupDatabaseUrl' | 'backupDir'>,
  wish: BackupWish,
): Promise<BackupRecord> {
  const dir = config.backupDir
  const name = nextName(dir, wish.date)
  await removeLeftovers(dir, name)
  const folder = join(dir, partName(name))
  mkdirSync(folder, { mode: 0o700 })
  try {
    const record = await receiveInto(folder, name, config, wish)
    await writeFile(join(folder, RECORD), recordText(record), { mode: 0o600, flush: true })
    const { faults } = await verifyBackup(folder, {
      signal: wish.signal,
      onBytes: (bytes) => wish.onProgress({ doing: 'verifying', bytes, of: record.cluster_bytes }),
    })
    if (faults.length > 0) {
      throw new UpiError('BACKUP_BROKEN', `the new backup is broken: ${faults[0]}`, {
        fix: 'see to the disk of UPI_BACKUP_DIR; older backups are kept',
      })
    }
    await syncFolder(folder)
    renameSync(folder, join(dir, name))
    await syncFolder(dir)
    return record
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function receiveInto(
  folder: string,
  name: string,
  config: Needed<'backupDatabaseUrl'>,
  wish: BackupWish,
): Promise<BackupRecord> {
  const broken = new AbortController()
  const began = new Date()
  const parts: Promise<BackupPart>[] = []
  let bytes = 0
  let of = 0
  const open = (part: string): Writable => {
    const entry = new PassThrough()
    const written = writePart(entry, folder, part)
    written.catch((fault) => broken.abort(fault))
    parts.push(written)
    return entry
  }
  const timer = setInterval(() => {
    wish.onProgress({ doing: 'receiving', bytes, of })
    refuseFullDisk(folder, wish.freeBytesMin ?? DISK_FREE_BYTES_MIN, broken)
  }, LOOK_EVERY_MS)
  try {
    refuseFullDisk(folder, wish.freeBytesMin ?? DISK_FREE_BYTES_MIN, broken)
    const facts = await receiveBackup({
      config,
      url: config.backupDatabaseUrl,
      label: `upi ${name}`,
      signal: AbortSignal.any([wish.signal, broken.signal]),
      open,
      onSize: (size) => {
        of += size
      },
      onBytes: (more) => {
        bytes += more
      },
    })
    const written = await Promise.all(parts)
    return {
      format: 1,
      name,
      date: wish.date,
      began_at: began.toISOString(),
      ended_at: new Date().toISOString(),
      run: wish.run,
      ...facts,
      cluster_bytes: bytes,
      bytes: written.reduce((sum, part) => sum + part.bytes, 0),
      parts: written,
    }
  } finally {
    clearInterval(timer)
    await Promise.allSettled(parts)
  }
}

const LOOK_EVERY_MS = 500

/** Writes one part as it comes: archives compressed, the manifest as it is. Ends when it is on the disk. */
async function writePart(entry: PassThrough, folder: string, part: string): Promise<BackupPart> {
  const isArchive = part !== MANIFEST
  const name = isArchive ? `${part}.zst` : part
  const hash = createHash('sha256')
  let bytes = 0
  const sum = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  const file = createWriteStream(join(folder, name), { mode: 0o600, flags: 'wx', flush: true })
  if (isArchive) await pipeline(entry, createZstdCompress(COMPRESSION), sum, file)
  else await pipeline(entry, sum, file)
  return { name, bytes, sha256: hash.digest('hex') }
}

// The fastest level: payments and their indexes pack to a fourth, at the speed of the disk.
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

// Postgres itself may live on the same disk: it must not be what fills it.
function refuseFullDisk(folder: string, freeBytesMin: number, broken: AbortController): void {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < freeBytesMin) broken.abort(fullDisk(folder))
}

function fullDisk(place: string, cause?: unknown): UpiError {
  return new UpiError('DISK_FULL', `the disk of ${place} is full; the backup was given up`, {
    fix: 'make room, lower UPI_BACKUPS_KEPT, or set UPI_BACKUP_DIR to another disk',
    cause,
  })
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}

const UNWRITABLE = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT']

/** What the file system answers, as one line with the fix. */
function folderFault(fault: unknown, dir: string): unknown {
  const { code, message } = fault as NodeJS.ErrnoException
  if (fault instanceof UpiError || code === undefined) return fault
  if (code === 'ENOSPC' || code === 'EDQUOT') return fullDisk(dir, fault)
  if (!UNWRITABLE.includes(code)) return fault
  return new UpiError('BACKUP_UNWRITABLE', `${dir} cannot be written: ${message}`, {
    fix: 'set UPI_BACKUP_DIR to a folder that the worker may write',
    cause: fault,
  })
}
