import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homePaths } from './home.ts'

/** The random id by which a stack knows its processes; undefined before the first start. */
export function readStackId(home: string): string | undefined {
  try {
    return readFileSync(homePaths(home).stackId, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** The same, made if need be. Linked into its place: of two first starts at once both use one id, and it is whole. */
export function makeStackId(home: string): string {
  const known = readStackId(home)
  if (known !== undefined) return known
  const path = homePaths(home).stackId
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, `${randomBytes(16).toString('hex')}\n`)
  try {
    linkSync(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(temporary, { force: true })
  }
  return makeStackId(home)
}
