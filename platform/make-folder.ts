import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it, if they are missing. Node's own `recursive` never returns where a file system
 * answers ENOENT to a folder whose parent exists, as /proc does.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path)
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path || isFolder(parent)) throw fault
    makeFolder(parent)
    makeFolder(path)
  }
}

/** The path itself, or the nearest one above it that is there. */
export function nearestFolder(path: string): string {
  const parent = dirname(path)
  return existsSync(path) || parent === path ? path : nearestFolder(parent)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
