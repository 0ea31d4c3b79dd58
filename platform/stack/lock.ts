import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A lock between processes, held until released. */
export interface Lock {
  release(): void
}

/**
 * Takes a lock on a file, or answers undefined when another process has it. It is the kernel's lock on an SQLite
 * file, so a holder that is killed lets go of it at once, and no pid has to be judged dead or alive.
 */
export function tryLock(path: string): Lock | undefined {
  mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path)
  try {
    database.exec('BEGIN EXCLUSIVE')
    return { release: () => database.close() }
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined
    throw error
  }
}

const SQLITE_BUSY = 5
