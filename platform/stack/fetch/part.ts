import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../../core/errors.ts'
import { makeFolder } from '../../make-folder.ts'
import { type Lock, tryLock } from '../lock.ts'
import { folderBytes, syncFolder } from './folder.ts'

/** Programs that the stack fetches once for a user: a folder of the cache, named for name and version. */
export interface Part {
  readonly key: string
  /** Ways to get it, the preferred first. */
  readonly sources: readonly Source[]
  /** What to do when no way works. */
  readonly fix: string
}

export interface Source {
  readonly name: string
  /** Fills an empty folder and checks what it has put there; throws with the reason when it cannot. */
  fill(folder: string, context: FetchContext): Promise<void>
}

export interface FetchContext {
  readonly cacheDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** Tells people how it goes. */
  progress(text: string): void
}

export interface Fetched {
  readonly folder: string
  readonly version?: string
  /** Set when it had to be fetched now. */
  readonly fresh?: FetchReport
}

export interface FetchReport {
  readonly source: string
  readonly ms: number
  readonly bytes: number
}

/**
 * Finds a part in the cache or fetches it by the first way that works. It is filled in a folder beside and renamed
 * when complete and on disk, under a lock against other stacks: a cache entry is whole or not there.
 */
export async function fetchPart(part: Part, context: FetchContext): Promise<Fetched> {
  const folder = join(context.cacheDir, part.key)
  if (existsSync(folder)) return { folder }
  const lock = await lockEntry(part.key, context)
  try {
    if (existsSync(folder)) return { folder }
    removeRemains(part.key, context.cacheDir)
    return { folder, fresh: await fill(part, folder, context) }
  } finally {
    removeRemains(part.key, context.cacheDir)
    lock.release()
  }
}

/** How a part came into the cache; undefined when it is not there. */
export function fetchReport(cacheDir: string, key: string): FetchReport | undefined {
  try {
    return JSON.parse(readFileSync(join(cacheDir, key, REPORT_FILE), 'utf8')) as FetchReport
  } catch {
    return undefined
  }
}

const REPORT_FILE = 'fetched.json'
const LOCK_POLL_MS = 100

async function lockEntry(key: string, context: FetchContext): Promise<Lock> {
  for (;;) {
    const lock = tryLock(join(context.cacheDir, '.locks', key))
    if (lock !== undefined) return lock
    context.progress(`waits for another stack that fetches ${key}`)
    await sleep(LOCK_POLL_MS, undefined, { signal: context.signal })
  }
}

async function fill(part: Part, folder: string, context: FetchContext): Promise<FetchReport> {
  const began = performance.now()
  const reasons: string[] = []
  for (const source of part.sources) {
    const temporary = join(context.cacheDir, `.tmp-${part.key}-${reasons.length}`)
    await mkdir(temporary, { recursive: true })
    try {
      context.progress(source.name)
      await source.fill(temporary, context)
      const ms = Math.round(performance.now() - began)
      const report = { source: source.name, ms, bytes: folderBytes(temporary) }
      writeFileSync(join(temporary, REPORT_FILE), `${JSON.stringify(report)}\n`)
      await syncFolder(temporary)
      context.signal.throwIfAborted()
      renameSync(temporary, folder)
      return report
    } catch (error) {
      reasons.push(`${source.name}: ${reasonOf(error, part, context)}`)
    }
  }
  throw new UpiError('TOOL_MISSING', `${part.key} cannot be had: ${reasons.join('; ')}`, {
    fix: part.fix,
  })
}

// A wrong checksum or a full disk is not a reason to try the next way: somebody must look.
function reasonOf(error: unknown, part: Part, { signal, cacheDir }: FetchContext): string {
  signal.throwIfAborted()
  if (error instanceof UpiError && error.code !== 'TOOL_MISSING') throw error
  const { message, code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || /no space left on device/i.test(message)) {
    throw new UpiError('DISK_FULL', `the disk is full: ${part.key} does not fit into ${cacheDir}`, {
      fix: 'free some space, or set UPI_CACHE_DIR to a folder on a larger disk',
      cause: error,
    })
  }
  return message
}

function removeRemains(key: string, cacheDir: string): void {
  makeFolder(cacheDir)
  for (const name of readdirSync(cacheDir)) {
    if (name.startsWith(`.tmp-${key}-`)) {
      rmSync(join(cacheDir, name), { recursive: true, force: true })
    }
  }
}
