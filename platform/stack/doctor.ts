import { existsSync, statfsSync } from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'
import { UpiError } from '../../core/errors.ts'
import { DISK_FREE_BYTES_MIN, FETCH_FREE_BYTES_MIN } from '../../core/stack-limits.ts'
import { nearestFolder } from '../make-folder.ts'
import { stackComponents } from './components.ts'
import { fetchReport, type Part } from './fetch/part.ts'
import { KAFKA_PART, REGISTRY_PART } from './fetch/parts.ts'
import { findOnPath, runTool } from './fetch/run-tool.ts'
import { findTemporal, TEMPORAL_PART } from './fetch/temporal.ts'
import { homePaths } from './home.ts'
import type { StackOptions } from './options.ts'
import { isFree, portHolder } from './ports.ts'
import { checkFolders, isCached } from './preflight.ts'
import { findJava } from './servers/java.ts'
import { programs } from './servers/postgres.ts'
import { postgresAccount } from './servers/postgres-account.ts'
import { isOver, readState } from './state.ts'
import { watcherFindings } from './watcher-findings.ts'

/** One thing looked at: what was found, and what to do when it is not good. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly text: string
  readonly fix?: string
}

/** Looks at everything that a start needs of this machine; starts, fetches and changes nothing. */
export async function doctorFindings(options: StackOptions): Promise<Finding[]> {
  const isLocal = (name: 'postgres' | 'kafka' | 'registry' | 'temporal') =>
    options.external?.[name] === undefined && (options.servers?.includes(name) ?? true)
  const needsJava = isLocal('kafka') || isLocal('registry')
  return Promise.all([
    look('node', async () => `Node ${process.versions.node}`),
    look('folders', () => folders(options)),
    look('disk', () => disk(options)),
    look('memory', async () => memory(options)),
    look('ports', () => ports(options)),
    ...(isLocal('postgres') ? [look('postgres', () => postgres(options))] : []),
    ...(needsJava ? [look('java', () => java(options)), look('maven', () => maven(options))] : []),
    ...(isLocal('temporal') ? [look('temporal', () => temporal(options))] : []),
    ...watcherFindings(options),
  ])
}

const MEMORY_FREE_BYTES_MIN = 2 * 1024 ** 3
// What a platform that runs already must have left to breathe.
const MEMORY_LEFT_BYTES_MIN = 256 * 1024 ** 2
const NEVER = new AbortController().signal

async function look(name: string, action: () => Promise<string>): Promise<Finding> {
  try {
    return { name, ok: true, text: await action() }
  } catch (error) {
    const { message, fix } = error as UpiError
    return { name, ok: false, text: message, ...(fix === undefined ? {} : { fix }) }
  }
}

async function folders(options: StackOptions): Promise<string> {
  checkFolders(options)
  return `state in ${options.home}, cache in ${options.cacheDir}`
}

async function disk(options: StackOptions): Promise<string> {
  const free = (folder: string) => {
    const { bavail, bsize } = statfsSync(nearestFolder(folder))
    return bavail * bsize
  }
  const needed = isCached(options) ? DISK_FREE_BYTES_MIN : FETCH_FREE_BYTES_MIN
  const least = Math.min(free(options.home), free(options.cacheDir))
  if (least >= needed) return `${gigabytes(least)} GB free`
  throw new UpiError('DISK_FULL', `${gigabytes(least)} GB free, ${gigabytes(needed)} are needed`, {
    fix: 'free some space, or set UPI_HOME and UPI_CACHE_DIR to folders on a larger disk',
  })
}

async function memory(options: StackOptions): Promise<string> {
  const free = process.availableMemory?.() ?? freemem()
  const needed = isRunning(options) ? MEMORY_LEFT_BYTES_MIN : MEMORY_FREE_BYTES_MIN
  if (free >= needed) return `${gigabytes(free)} GB free`
  throw new UpiError('COMPONENT_FAILED', `${gigabytes(free)} GB of memory free`, {
    fix: `free ${gigabytes(needed)} GB: the platform takes 1.4 GB idle`,
  })
}

function isRunning({ home }: StackOptions): boolean {
  const state = readState(home)
  return state !== undefined && !isOver(state.phase)
}

async function ports(options: StackOptions): Promise<string> {
  if (isRunning(options)) return 'taken by this platform, which runs'
  const all = stackComponents(options).flatMap((component) => component.ports)
  const free = await Promise.all(all.map(isFree))
  const taken = all.filter((_, index) => !free[index])
  if (taken.length === 0) return `${options.portBase} to ${options.portBase + 19} free`
  const holders = taken.map((port) => `${port} (${portHolder(port) ?? 'by whom is not visible'})`)
  throw new UpiError('PORT_TAKEN', `taken: ${holders.join(', ')}`, {
    fix: 'stop that program, or set UPI_PORT_BASE to another range of 20 free ports',
  })
}

async function postgres(options: StackOptions): Promise<string> {
  const program = join(programs(options), 'postgres')
  const folder = nearestFolder(homePaths(options.home).run)
  const place = { program, folder, env: options.env, signal: NEVER, onlyLook: true }
  const { uid, prefix } = await postgresAccount(place)
  const version = await runTool({ command: program, args: ['--version'], env: options.env })
  if (uid === undefined) return version.trim()
  const how = prefix.length === 0 ? '' : ', by setpriv with one capability'
  return `${version.trim()}; not as root but as user id ${uid}${how}`
}

async function java(options: StackOptions): Promise<string> {
  const { command, major } = await findJava(options.env, NEVER)
  return `Java ${major} at ${command}`
}

async function maven({ cacheDir, env }: StackOptions): Promise<string> {
  const missing = [KAFKA_PART, REGISTRY_PART].filter(({ key }) => !existsSync(join(cacheDir, key)))
  const all = [KAFKA_PART, REGISTRY_PART].map((part) => cachedText(part, cacheDir))
  if (missing.length === 0) return `not needed: ${all.join(', ')}`
  const command = findOnPath('mvn', env.PATH)
  if (command !== undefined) return `will fetch ${missing.map(({ key }) => key).join(', ')}`
  throw new UpiError('TOOL_MISSING', 'mvn is not on PATH', {
    fix: 'install Maven 3.6 or newer (Debian: apt install maven)',
  })
}

async function temporal({ cacheDir, env }: StackOptions): Promise<string> {
  const found = await findTemporal({ env, signal: NEVER })
  if (found !== undefined) return `temporal ${found.version} of PATH, in ${found.folder}`
  if (existsSync(join(cacheDir, TEMPORAL_PART.key))) return cachedText(TEMPORAL_PART, cacheDir)
  if (findOnPath('go', env.PATH) !== undefined) return 'will be downloaded, or else built by go'
  throw new UpiError('TOOL_MISSING', 'go is not on PATH: only the official download is left', {
    fix: TEMPORAL_PART.fix,
  })
}

function cachedText({ key }: Part, cacheDir: string): string {
  const report = fetchReport(cacheDir, key)
  if (report === undefined) return `${key} is in the cache`
  const { source, bytes, ms } = report
  return `${key} is in the cache (${Math.round(bytes / 1e6)} MB, by ${source} in ${Math.round(ms / 1000)} s)`
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1)
}
