import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKOUT } from '../platform/config.ts'

/** A file of the repository. */
export interface SourceFile {
  /** From the root of the checkout. */
  readonly path: string
  readonly text: string
}

// What is not ours, not text, or made by a machine.
const SKIPPED = /^(node_modules|\.git|\.upi[^/]*|dist)(\/|$)|\.(png|ico|parquet|gz)$/

/** The paths that match a pattern, in order. */
export function pathsOf(pattern: string): string[] {
  return globSync(pattern, { cwd: CHECKOUT, exclude: (path) => SKIPPED.test(path) }).sort()
}

/** The files that match a pattern. */
export function filesOf(pattern: string): SourceFile[] {
  return pathsOf(pattern).map((path) => ({ path, text: readText(path) }))
}

/** The text of one file. */
export function readText(path: string): string {
  return readFileSync(join(CHECKOUT, path), 'utf8')
}
