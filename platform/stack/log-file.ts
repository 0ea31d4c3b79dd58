import {
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { LOG_FILE_BYTES_MAX, LOG_LINES_SHOWN_MAX } from '../../core/stack-limits.ts'

/**
 * Opens a log for appending, to be handed to a child as its output: what it prints survives the supervisor. The
 * second value is where this opening begins.
 */
export function openLog(path: string): { fd: number; start: number } {
  rotateLog(path)
  const fd = openSync(path, 'a')
  return { fd, start: fstatSync(fd).size }
}

/**
 * Moves a log that has grown too large aside, without its writer noticing: copied, then emptied. Where there is no room
 * for the copy it stays as it is until there is.
 */
export function rotateLog(path: string, bytesMax = LOG_FILE_BYTES_MAX): void {
  if (sizeOf(path) < bytesMax) return
  const copy = `${path}.new`
  try {
    copyFileSync(path, copy)
  } catch {
    rmSync(copy, { force: true })
    return
  }
  if (sizeOf(`${path}.1`) > 0) renameSync(`${path}.1`, `${path}.2`)
  renameSync(copy, `${path}.1`)
  truncateSync(path)
}

/** The last lines of a log, from a position on. */
export function lastLines(path: string, start = 0, linesMax = LOG_LINES_SHOWN_MAX): string[] {
  const size = sizeOf(path)
  const from = Math.max(start > size ? 0 : start, size - TAIL_BYTES_MAX)
  const bytes = Buffer.alloc(size - from)
  const fd = openSync(path, 'a+')
  try {
    readSync(fd, bytes, 0, bytes.length, from)
  } finally {
    closeSync(fd)
  }
  const lines = bytes.toString('utf8').split('\n')
  return lines.filter((line) => line.trim() !== '').slice(-linesMax)
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

const TAIL_BYTES_MAX = 65_536
