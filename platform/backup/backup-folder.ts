import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, isAbsolute, join } from 'node:path'
import { UpiError } from '../../core/errors.ts'
import { BACKUP_IDLE_MS_MAX } from '../../core/limits.ts'
import type { ServerFacts } from './receive-backup.ts'

/** What lies in a backup's folder beside its parts: what it is, and how to know that it is whole. */
export interface BackupRecord extends ServerFacts {
  readonly format: 1
  /** Of its folder: the date, with a number if there is more than one. */
  readonly name: string
  /** The last business day that had ended when it was begun. */
  readonly date: string
  readonly began_at: string
  readonly ended_at: string
  /** Of whoever has made it: the same run does not make another. */
  readonly run: string
  /** The cluster as it was sent, and what the parts take. */
  readonly cluster_bytes: number
  readonly bytes: number
  readonly parts: readonly BackupPart[]
}

export interface BackupPart {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

/** A backup, or why a folder that should be one is none. */
export type FoundBackup =
  | { readonly folder: string; readonly name: string; readonly record: BackupRecord }
  | { readonly folder: string; readonly name: string; readonly record?: never; fault: string }

export const RECORD = 'backup.json'

/** A record as text, with its own checksum. */
export function recordText(record: BackupRecord): string {
  return `${JSON.stringify({ ...record, sha256: sumOf(record) }, null, 2)}\n`
}

/** Reads the record of a backup; throws what is wrong with it. */
export function readRecord(folder: string): BackupRecord {
  const path = join(folder, RECORD)
  if (!existsSync(path)) {
    throw new UpiError('BACKUP_BROKEN', `${folder} is no backup: it has no ${RECORD}`, {
      fix: 'see ./upi backup list',
    })
  }
  try {
    const text = readFileSync(path, 'utf8')
    const { sha256: _, ...record } = JSON.parse(text)
    if (text === recordText(record) && record.format === 1) return record
  } catch {
    // Said below.
  }
  throw new UpiError('BACKUP_BROKEN', `${path} is not as it was written`, {
    fix: 'use another backup',
  })
}

function sumOf(record: BackupRecord): string {
  return createHash('sha256').update(JSON.stringify(record)).digest('hex')
}

const NAME = /^\d{4}-\d\d-\d\d(\.\d+)?$/

/** The backups in a folder, oldest first; what is not named like one is somebody else's. */
export function listBackups(dir: string): FoundBackup[] {
  const names = existsSync(dir) ? readdirSync(dir).filter((name) => NAME.test(name)) : []
  return names.sort(byAge).map((name) => {
    const folder = join(dir, name)
    try {
      return { folder, name, record: readRecord(folder) }
    } catch (fault) {
      return { folder, name, fault: (fault as Error).message }
    }
  })
}

/** The folder of a backup that is named by its path, by its name, or not at all: then the newest. */
export function backupFolder(dir: string, named: string | undefined): string {
  if (named !== undefined && (isAbsolute(named) || existsSync(join(named, RECORD)))) return named
  const found = listBackups(dir).findLast(({ name }) => named === undefined || name === named)
  if (found !== undefined) return found.folder
  const what = named === undefined ? 'no backup' : `no backup '${named}'`
  throw new UpiError('BACKUP_BROKEN', `there is ${what} in ${dir}`, {
    fix: 'see ./upi backup list; ./upi backup run takes one',
  })
}

/** The next free name for a backup of a date. */
export function nextName(dir: string, date: string): string {
  const taken = new Set(listBackups(dir).map(({ name }) => name))
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? date : `${date}.${count}`
    if (!taken.has(name)) return name
  }
}

/** Removes the oldest of the whole backups until no more than `keep` are left; returns their names. */
export async function removeOld(
  dir: string,
  keep: number,
  signal?: AbortSignal,
): Promise<string[]> {
  const whole = listBackups(dir).filter(({ record }) => record !== undefined)
  const old = whole.slice(0, Math.max(0, whole.length - keep))
  for (const { folder, name } of old) {
    signal?.throwIfAborted()
    // First out of sight: what is half removed must not be taken for a backup.
    const aside = join(dir, partName(name))
    renameSync(folder, aside)
    await rm(aside, { recursive: true, force: true })
  }
  return old.map(({ name }) => name)
}

/** Removes what is left of backups that were killed. One that is being written has fresh files. */
export async function removeLeftovers(dir: string, name: string): Promise<void> {
  for (const entry of readdirSync(dir)) {
    if (!PART.test(entry)) continue
    const folder = join(dir, entry)
    const isOurs = basename(entry).startsWith(`.${name}.`)
    if (isOurs || Date.now() - lastWrite(folder) > BACKUP_IDLE_MS_MAX) {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** A name under which nothing is taken for a backup. */
export function partName(name: string): string {
  return `.${name}.${process.pid}-${Date.now()}.part`
}

const PART = /^\.\d{4}-\d\d-\d\d(\.\d+)?\.\d+-\d+\.part$/

function lastWrite(folder: string): number {
  const times = readdirSync(folder).map((name) => statSync(join(folder, name)).mtimeMs)
  return Math.max(statSync(folder).mtimeMs, ...times)
}

function byAge(a: string, b: string): number {
  const [dateA = '', countA = '1'] = a.split('.')
  const [dateB = '', countB = '1'] = b.split('.')
  return dateA === dateB ? Number(countA) - Number(countB) : dateA < dateB ? -1 : 1
}
