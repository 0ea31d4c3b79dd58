import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UpiError } from '../../../core/errors.ts'
import { ABSENCE_REMEMBERED_MS } from '../../../core/stack-limits.ts'
import { type FetchContext, type Fetched, fetchPart, type Part } from './part.ts'

/**
 * Fetches a part that may be done without. That it cannot be had is remembered for a day, so that a machine without a
 * way out does not ask at each start.
 */
export async function fetchOptional(part: Part, context: FetchContext): Promise<Fetched> {
  const known = knownAbsence(context.cacheDir, part.key)
  if (known !== undefined) throw absent(part, known, context.cacheDir)
  try {
    const fetched = await fetchPart(part, context)
    rmSync(absenceFile(context.cacheDir, part.key), { force: true })
    return fetched
  } catch (error) {
    if (!(error instanceof UpiError) || error.code !== 'TOOL_MISSING') throw error
    remember(context.cacheDir, part.key, error.message)
    throw error
  }
}

/** Why a part could not be had within the last day. */
export function knownAbsence(cacheDir: string, key: string): Absence | undefined {
  try {
    const known = JSON.parse(readFileSync(absenceFile(cacheDir, key), 'utf8')) as Absence
    const age = Date.now() - Date.parse(known.at)
    return age >= 0 && age < ABSENCE_REMEMBERED_MS ? known : undefined
  } catch {
    return undefined
  }
}

export interface Absence {
  readonly at: string
  readonly message: string
}

/** The file whose removal makes the next start ask again. */
export function absenceFile(cacheDir: string, key: string): string {
  return join(cacheDir, '.absent', `${key}.json`)
}

function absent({ key, fix }: Part, { message, at }: Absence, cacheDir: string): UpiError {
  const again = `asked again a day after ${at.slice(0, 16)}Z, or when ${absenceFile(cacheDir, key)} is removed`
  return new UpiError('TOOL_MISSING', `${message} (${again})`, { fix })
}

// A cache that may only be read is asked each time.
function remember(cacheDir: string, key: string, message: string): void {
  const path = absenceFile(cacheDir, key)
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${JSON.stringify({ at: new Date().toISOString(), message })}\n`)
  } catch {}
}
