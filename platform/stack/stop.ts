import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../core/errors.ts'
import { homePaths } from './home.ts'
import { stopLeftovers } from './leftovers.ts'
import { tryLock } from './lock.ts'
import { isPresent, letGoOn, type ProcessId, signalProcess } from './process-table.ts'
import { readStackId } from './stack-id.ts'
import { liveSupervisor, lostState, readState, type StackState, writeState } from './state.ts'

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
  const { postgres, kafka, registry, temporal, prometheus, grafana, logs, state } = homePaths(home)
  for (const path of [postgres, kafka, registry, temporal, prometheus, grafana, logs, state]) {
    rmSync(path, { recursive: true, force: true })
  }
}

const POLL_MS = 50

async function stopSupervisor(
  home: string,
  supervisor: ProcessId,
  onChange: ((state: StackState) => void) | undefined,
): Promise<void> {
  signalProcess(supervisor, 'SIGTERM')
  // Whoever was stopped hears a signal only when he goes on.
  letGoOn(supervisor)
  const end = Date.now() + STOP_MS_MAX
  let last = ''
  while (isPresent(supervisor)) {
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
  const found = await stopLeftovers({ home, stackId, last: readState(home) })
  const state = readState(home)
  if (state?.phase === 'lost') writeState(home, { ...lostState(state), phase: 'stopped' })
  return found
}
