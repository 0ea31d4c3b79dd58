import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../core/errors.ts'
import { stackComponents } from './components.ts'
import { homePaths, logFile } from './home.ts'
import { findLeftovers, STACK_MARK, stopLeftovers } from './leftovers.ts'
import { tryLock } from './lock.ts'
import { lastLines, openLog } from './log-file.ts'
import type { StackOptions } from './options.ts'
import { makeFolders } from './preflight.ts'
import { isAlive, type ProcessId, signalProcess, startToken } from './process-table.ts'
import { isOver, lostState, readState, type StackState, writeState } from './state.ts'

/** Whether a supervisor was there already, and its pid. */
export interface Started {
  readonly attached: boolean
  readonly pid: number
}

/**
 * Starts a supervisor as a process of its own and returns when it holds the home folder; attaches when one does
 * already. Aborted, it rejects when all that was started is gone.
 */
export async function startStack(options: StackOptions, signal?: AbortSignal): Promise<Started> {
  // A circle or a missing need is the caller's mistake: say so here, not in a log.
  stackComponents(options)
  makeFolders(options)
  signal?.throwIfAborted()
  const running = liveSupervisor(options.home)
  if (running !== undefined) return { attached: true, pid: running.pid }
  const supervisor = spawnSupervisor(options)
  try {
    for (;;) {
      const holder = liveSupervisor(options.home)
      if (holder !== undefined) return { attached: holder.pid !== supervisor.pid, pid: holder.pid }
      if (supervisor.hasExited()) return endedEarly(options.home, supervisor)
      await sleep(POLL_MS, undefined, { ...(signal === undefined ? {} : { signal }) })
    }
  } catch (error) {
    await stopStack(options.home, { starting: supervisor })
    throw error
  }
}

/** Follows a start until everything is ready; throws what made it fail. */
export async function waitReady(
  home: string,
  watch: { onChange?: (state: StackState) => void; signal?: AbortSignal } = {},
): Promise<StackState> {
  for await (const state of changes(home, watch.signal)) {
    watch.onChange?.(state)
    if (state.phase === 'ready') return state
    if (isOver(state.phase)) throw startFailure(state)
  }
  throw new UpiError('NOT_READY', 'the platform was never started here')
}

/** Tells every change until aborted or until the stack is over. */
export async function watchStack(
  home: string,
  onChange: (state: StackState) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const state of changes(home, signal)) {
    onChange(state)
    if (isOver(state.phase)) return
  }
}

/**
 * Stops the stack in order and returns when its last process is gone, also when its supervisor is long dead. False:
 * nothing was running.
 */
export async function stopStack(
  home: string,
  options: { onChange?: (state: StackState) => void; starting?: ProcessId } = {},
): Promise<boolean> {
  const supervisor = options.starting ?? liveSupervisor(home)
  if (supervisor !== undefined) await stopSupervisor(home, supervisor, options.onChange)
  const stackId = readStackId(home)
  if (stackId === undefined) return false
  const stopped = await cleanUp(home, stackId)
  return supervisor !== undefined || stopped > 0
}

/** Removes all data, logs and state of a stack that does not run; its secrets and its identity stay. */
export async function wipe(home: string): Promise<void> {
  if (liveSupervisor(home) !== undefined) {
    throw new UpiError('NOT_READY', `the platform in ${home} is running`, { fix: 'run ./upi down' })
  }
  await stopStack(home)
  const { postgres, kafka, temporal, logs, state } = homePaths(home)
  for (const path of [postgres, kafka, temporal, logs, state]) {
    rmSync(path, { recursive: true, force: true })
  }
}

const POLL_MS = 50

interface Supervisor extends ProcessId {
  hasExited(): boolean
}

function spawnSupervisor(options: StackOptions): Supervisor {
  const { home, cacheDir } = options
  const stackId = readStackId(home) ?? makeStackId(home)
  const env = { ...options.env, [STACK_MARK]: stackId }
  const log = openLog(logFile(home, 'supervisor'))
  const child = spawn(process.execPath, ['--max-semi-space-size=1', '--v8-pool-size=1', join(import.meta.dirname, 'supervisor-main.ts')], {
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
    cwd: options.checkout,
    env: {
      ...env,
      ...proxyOf(env),
      // Stripped of types once, so that the stripper (18 MB) is not loaded at each start.
      NODE_COMPILE_CACHE: join(cacheDir, 'node-compile'),
    },
  })
  closeSync(log.fd)
  let exited = child.pid === undefined
  child.once('exit', () => {
    exited = true
  })
  child.once('error', () => {
    exited = true
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(JSON.stringify({ ...options, env, stackId }))
  child.unref()
  const pid = child.pid ?? 0
  return { pid, token: startToken(pid) ?? '', hasExited: () => exited }
}

// Downloads go through the caller's proxy; what is on this machine never does.
function proxyOf(env: StackOptions['env']): Record<string, string> {
  const isProxied = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((n) => env[n])
  return isProxied ? { NODE_USE_ENV_PROXY: '1' } : {}
}

function liveSupervisor(home: string): ProcessId | undefined {
  const state = readState(home)
  return state === undefined || isOver(state.phase) ? undefined : state.supervisor
}

// It may have ended because another one was faster, because the start failed at once, or by a fault of ours.
function endedEarly(home: string, supervisor: Supervisor): Started {
  const state = readState(home)
  if (state?.supervisor.pid === supervisor.pid) throw startFailure(state)
  const holder = liveSupervisor(home)
  if (holder !== undefined) return { attached: true, pid: holder.pid }
  const lines = lastLines(logFile(home, 'supervisor'))
  throw new UpiError('COMPONENT_FAILED', `the supervisor ended at once: ${lines.at(-1) ?? ''}`, {
    fix: `look into ${logFile(home, 'supervisor')}`,
  })
}

/** Why a start did not come to its end, as an error for people. */
function startFailure({ failure, phase }: StackState): UpiError {
  if (failure !== undefined) {
    const { code, message, fix } = failure
    return new UpiError(code, message, fix === undefined ? {} : { fix })
  }
  const what = phase === 'lost' ? 'its supervisor was killed' : 'it was stopped'
  return new UpiError('COMPONENT_FAILED', `the platform did not start: ${what}`)
}

async function* changes(home: string, signal?: AbortSignal): AsyncGenerator<StackState> {
  let last = ''
  for (;;) {
    signal?.throwIfAborted()
    const state = readState(home)
    const text = JSON.stringify(state)
    if (state === undefined) return
    if (text !== last) yield state
    last = text
    await sleep(POLL_MS, undefined, { ...(signal === undefined ? {} : { signal }) })
  }
}

async function stopSupervisor(
  home: string,
  supervisor: ProcessId,
  onChange: ((state: StackState) => void) | undefined,
): Promise<void> {
  signalProcess(supervisor, 'SIGTERM')
  const end = Date.now() + STOP_MS_MAX
  let last = ''
  while (isAlive(supervisor.pid, supervisor.token)) {
    const state = readState(home)
    const text = JSON.stringify(state)
    if (state !== undefined && text !== last) onChange?.(state)
    last = text
    if (Date.now() > end) signalProcess(supervisor, 'SIGKILL')
    await sleep(POLL_MS)
  }
}

// Longer than every grace time of a chain of components together.
const STOP_MS_MAX = 90_000

// What a dead supervisor left; the lock keeps this from meeting a start that does the same.
async function cleanUp(home: string, stackId: string): Promise<number> {
  for (;;) {
    const lock = tryLock(homePaths(home).lock)
    if (lock === undefined && liveSupervisor(home) !== undefined) return 0
    if (lock !== undefined) {
      try {
        return await stopAll(home, stackId)
      } finally {
        lock.release()
      }
    }
    await sleep(POLL_MS)
  }
}

async function stopAll(home: string, stackId: string): Promise<number> {
  const found = findLeftovers(home, stackId).length
  if (found > 0) await stopLeftovers(home, stackId)
  const state = readState(home)
  if (state?.phase === 'lost') writeState(home, { ...lostState(state), phase: 'stopped' })
  return found
}

function readStackId(home: string): string | undefined {
  try {
    return readFileSync(homePaths(home).stackId, 'utf8').trim()
  } catch {
    return undefined
  }
}

// Linked into its place, so that of two first starts at once both use the same id, and nobody reads half of one.
function makeStackId(home: string): string {
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
  return readStackId(home) ?? makeStackId(home)
}
