import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../core/errors.ts'
import { stackComponents } from './components.ts'
import { startFailure } from './follow.ts'
import { logFile } from './home.ts'
import { STACK_MARK } from './leftovers.ts'
import { lastLines, openLog } from './log-file.ts'
import type { StackOptions } from './options.ts'
import { makeFolders } from './preflight.ts'
import { type ProcessId, startToken } from './process-table.ts'
import { makeStackId } from './stack-id.ts'
import { liveSupervisor, readState } from './state.ts'
import { stopStack } from './stop.ts'
import { EXIT_HELD } from './supervisor-exit.ts'

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
  await stopsFirst(options.home, signal)
  const running = liveSupervisor(options.home)
  if (running !== undefined) return { attached: true, pid: running.pid }
  const supervisor = spawnSupervisor(options)
  try {
    for (;;) {
      const holder = liveSupervisor(options.home)
      if (holder !== undefined) return { attached: holder.pid !== supervisor.pid, pid: holder.pid }
      if (supervisor.exitCode() !== undefined) return await endedEarly(options.home, supervisor)
      await sleep(POLL_MS, undefined, { ...(signal === undefined ? {} : { signal }) })
    }
  } catch (error) {
    await stopStack(options.home, { starting: supervisor })
    throw error
  }
}

const POLL_MS = 50

// One that is on its way out is waited for, not joined.
async function stopsFirst(home: string, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  while (readState(home)?.phase === 'stopping') {
    await sleep(POLL_MS, undefined, { ...(signal === undefined ? {} : { signal }) })
  }
}

const NEVER_STARTED = -1
const KILLED = -2

interface Supervisor extends ProcessId {
  /** Undefined while it runs. */
  exitCode(): number | undefined
}

function spawnSupervisor(options: StackOptions): Supervisor {
  const { home, cacheDir } = options
  const stackId = makeStackId(home)
  const env = { ...options.env, [STACK_MARK]: stackId }
  const log = openLog(logFile(home, 'supervisor'))
  const child = spawn(process.execPath, [join(import.meta.dirname, 'supervisor-main.ts')], {
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
    cwd: options.checkout,
    env: {
      ...env,
      ...proxyOf(env),
      // Stripped of types once, so that the stripper (18 MB) is not loaded at each start.
      NODE_COMPILE_CACHE: join(cacheDir, 'compiled'),
    },
  })
  closeSync(log.fd)
  let exitCode = child.pid === undefined ? NEVER_STARTED : undefined
  child.once('exit', (code) => {
    exitCode = code ?? KILLED
  })
  child.once('error', () => {
    exitCode = NEVER_STARTED
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(JSON.stringify({ ...options, env, stackId }))
  child.unref()
  const pid = child.pid ?? 0
  return { pid, token: startToken(pid) ?? '', exitCode: () => exitCode }
}

// Downloads go through the caller's proxy; what is on this machine never does.
function proxyOf(env: StackOptions['env']): Record<string, string> {
  const isProxied = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((n) => env[n])
  return isProxied ? { NODE_USE_ENV_PROXY: '1' } : {}
}

// It may have ended because another one was faster, because the start failed at once, or by a fault of ours.
async function endedEarly(home: string, supervisor: Supervisor): Promise<Started> {
  const end = Date.now() + ATTACH_MS_MAX
  do {
    const state = readState(home)
    if (state?.supervisor.pid === supervisor.pid) throw startFailure(state)
    const holder = liveSupervisor(home)
    if (holder !== undefined) return { attached: true, pid: holder.pid }
    await sleep(POLL_MS)
  } while (supervisor.exitCode() === EXIT_HELD && Date.now() < end)
  const lines = lastLines(logFile(home, 'supervisor'))
  throw new UpiError('COMPONENT_FAILED', `the supervisor ended at once: ${lines.at(-1) ?? ''}`, {
    fix: `look into ${logFile(home, 'supervisor')}`,
  })
}

const ATTACH_MS_MAX = 5_000
