import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { homePaths } from './home.ts'
import {
  allPids,
  ancestors,
  hasEnvironment,
  isPresent,
  letGoOn,
  type ProcessId,
  parentOf,
  signalProcess,
  startToken,
  whereabouts,
} from './process-table.ts'
import type { StackState } from './state.ts'

/** The name of the mark that every process of a stack carries in its environment. */
export const STACK_MARK = 'UPI_STACK_ID'

/** By what the processes of a stack are known: its home, its mark, and what its last supervisor wrote. */
export interface Traces {
  readonly home: string
  readonly stackId: string
  readonly last: StackState | undefined
}

/**
 * Stops every process of this stack that outlived its supervisor, and nothing else: the platform's own processes
 * first, then the servers they talk to; who does not go within the grace time is killed.
 */
export async function stopLeftovers(traces: Traces): Promise<number> {
  const found = findLeftovers(traces)
  const servers = serverPids(traces.last)
  await stopAll(roots(found).filter(({ pid }) => !servers.has(pid)))
  // Again, for what a stopped process has left behind itself.
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const rest = findLeftovers(traces)
    if (rest.length === 0) break
    await stopAll(roots(rest))
  }
  return found.length
}

const ROUNDS_MAX = 3

/** The living processes of this stack, this process and those that started it left out. */
export function findLeftovers({ home, stackId, last }: Traces): ProcessId[] {
  const marked = allPids().filter((pid) => isOfStack(pid, home, stackId))
  const found = new Map(recorded(last).map((each) => [each.pid, each]))
  for (const pid of marked) {
    const token = startToken(pid)
    if (token !== undefined) found.set(pid, { pid, token })
  }
  for (const pid of ancestors()) found.delete(pid)
  return [...found.values()]
}

// A Postgres backend overwrites its environment with its title, so it is known by its program and folder instead.
function isOfStack(pid: number, home: string, stackId: string): boolean {
  if (hasEnvironment(pid, `${STACK_MARK}=${stackId}`)) return true
  const where = whereabouts(pid)
  return (
    where !== undefined &&
    basename(where.program) === 'postgres' &&
    where.cwd.startsWith(`${homePaths(home).postgres}/`)
  )
}

// A dying process has lost its mark before its ports, and without /proc there are no marks to be seen. The start
// token keeps a pid that has passed on out of this.
function recorded(last: StackState | undefined): ProcessId[] {
  if (last === undefined) return []
  return [last.supervisor, ...last.components]
    .map(({ pid = 0, token = '' }) => ({ pid, token }))
    .filter(isPresent)
}

function serverPids(last: StackState | undefined): Set<number | undefined> {
  const servers = last?.components.filter(({ kind }) => kind === 'server') ?? []
  return new Set(servers.map(({ pid }) => pid))
}

// Children are their parents' business: Postgres' helpers, for one, must not be signalled behind its back.
function roots(processes: readonly ProcessId[]): ProcessId[] {
  const pids = new Set(processes.map(({ pid }) => pid))
  return processes.filter(({ pid }) => !pids.has(parentOf(pid)))
}

async function stopAll(processes: readonly ProcessId[]): Promise<void> {
  for (const leftover of processes) {
    signalProcess(leftover, stopSignal(leftover.pid))
    letGoOn(leftover)
  }
  if (await allGone(processes, LEFTOVER_GRACE_MS_MAX)) return
  for (const leftover of processes) signalProcess(leftover, 'SIGKILL')
  await allGone(processes, LEFTOVER_GRACE_MS_MAX)
}

// SIGINT is Postgres' fast stop; its plain SIGTERM would wait for every client to leave.
function stopSignal(pid: number): NodeJS.Signals {
  const program = whereabouts(pid)?.program
  return program !== undefined && basename(program) === 'postgres' ? 'SIGINT' : 'SIGTERM'
}

async function allGone(processes: readonly ProcessId[], msMax: number): Promise<boolean> {
  const end = Date.now() + msMax
  while (processes.some(isPresent)) {
    if (Date.now() > end) return false
    await sleep(POLL_MS)
  }
  return true
}

// Kafka and Temporal need some two seconds to close their files in order.
const LEFTOVER_GRACE_MS_MAX = 10_000
const POLL_MS = 25
