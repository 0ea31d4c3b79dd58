import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UpiError } from '../../core/errors.ts'
import { makeFolder } from '../make-folder.ts'
import { type BackupRecord, readRecord } from './backup-folder.ts'
import type { TarEntry } from './read-tar.ts'
import { verifyBackup, type Write } from './verify-backup.ts'

export interface Restoring {
  /** The backup. */
  readonly folder: string
  /** The data folder to be made: missing, or empty. */
  readonly target: string
  /** As whom Postgres will run, where that is not who restores. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
  readonly signal: AbortSignal
  readonly onBytes: (bytes: number) => void
}

/**
 * Makes a data folder of a backup. Everything is checked while it is written, beside its place, and put there only when
 * all of it is as the server had it. Postgres, started on it, replays the log of the backup's time and is where the
 * backup ended. Tablespaces come into a folder beside it.
 */
export async function restoreBackup(restoring: Restoring): Promise<BackupRecord> {
  const record = readRecord(restoring.folder)
  const target = resolve(restoring.target)
  const spaces = `${target}.tablespaces`
  refuseTaken(target)
  refuseTaken(spaces)
  const tree = new Tree(target, restoring.owner)
  try {
    makeFolder(dirname(target))
    tree.begin()
    const { faults } = await verifyBackup(restoring.folder, {
      signal: restoring.signal,
      onBytes: restoring.onBytes,
      onEntry: (path, entry) => tree.add(path, entry),
    })
    if (faults.length > 0) {
      const more = faults.length === 1 ? '' : ` (and ${faults.length - 1} more)`
      throw new UpiError('BACKUP_BROKEN', `nothing was restored: ${faults[0]}${more}`, {
        fix: 'use another backup; see ./upi backup verify',
      })
    }
    tree.settle()
    return record
  } catch (fault) {
    tree.remove()
    const { code } = fault as NodeJS.ErrnoException
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw fault
    throw new UpiError('DISK_FULL', `the disk of ${target} is full; nothing was restored`, {
      fix: `make room for ${Math.ceil(record.cluster_bytes / 2 ** 20)} MiB`,
      cause: fault,
    })
  }
}

function refuseTaken(path: string): void {
  if (!existsSync(path) || readdirSync(path).length === 0) return
  throw new UpiError('RESTORE_REFUSED', `${path} is not empty`, {
    fix: 'move it away, or name another folder',
  })
}

/** The data folder while it grows, under names beside its own. */
class Tree {
  readonly #target: string
  readonly #part: string
  readonly #spaces: string
  readonly #owner: Restoring['owner']
  readonly #oids = new Set<string>()

  constructor(target: string, owner: Restoring['owner']) {
    this.#target = target
    this.#part = join(dirname(target), `.${basename(target)}.part`)
    this.#spaces = `${target}.tablespaces`
    this.#owner = owner
  }

  begin(): void {
    this.remove()
    this.#mkdir(this.#part)
  }

  async add(path: string, { kind, mode }: TarEntry): Promise<Write | undefined> {
    const place = this.#placeOf(path)
    if (place === undefined || kind === 'link') return undefined
    if (kind === 'folder') return this.#mkdir(place)
    if (!existsSync(dirname(place))) this.#mkdir(dirname(place))
    const file = await open(place, 'wx', mode)
    if (this.#owner !== undefined) await file.chown(this.#owner.uid, this.#owner.gid)
    return writeTo(file)
  }

  /** All is there: it gets its names. Postgres itself brings it to the disk when it starts. */
  settle(): void {
    for (const oid of this.#oids) {
      symlinkSync(join(this.#spaces, oid), join(this.#part, 'pg_tblspc', oid))
    }
    // An empty folder in its place gives way.
    if (this.#oids.size > 0) renameSync(`${this.#part}.tablespaces`, this.#spaces)
    renameSync(this.#part, this.#target)
  }

  remove(): void {
    for (const path of [this.#part, `${this.#part}.tablespaces`]) {
      rmSync(path, { recursive: true, force: true })
    }
  }

  /** Where a path of the data folder is written; what would lie outside of it is refused. */
  #placeOf(path: string): string | undefined {
    if (path.split('/').some((name) => name === '..') || path.startsWith('/')) {
      throw new UpiError('BACKUP_BROKEN', `'${path}' is no path of a data folder`)
    }
    const [, oid, rest = ''] = /^pg_tblspc\/(\d+)(\/.*)?$/.exec(path) ?? []
    if (oid === undefined) return join(this.#part, path)
    if (!this.#oids.has(oid)) this.#mkdir(join(`${this.#part}.tablespaces`, oid))
    this.#oids.add(oid)
    return rest === '' ? undefined : join(`${this.#part}.tablespaces`, oid, rest)
  }

  #mkdir(path: string): undefined {
    const first = mkdirSync(path, { recursive: true, mode: 0o700 })
    if (first === undefined || this.#owner === undefined) return
    for (let made = path; made.length >= first.length; made = dirname(made)) {
      chownSync(made, this.#owner.uid, this.#owner.gid)
    }
  }
}

function writeTo(file: FileHandle): Write {
  return {
    write: async (piece) => {
      await file.writeFile(piece)
    },
    end: () => file.close(),
  }
}
