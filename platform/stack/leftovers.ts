import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { homePaths } from './home.ts'
import {
  allPids,
  ancestors,
  hasEnvironment,
  type ProcessId,
  parentOf,
  signalProcess,
  startToken,
  whereabouts,
} from './process-table.ts'
import { readState } from './state.ts'

/** The name of the mark that every process of a stack carries in its environment. */
export const STACK_MARK = 'UPI_STACK_ID'

/**
 * Stops every process of this stack that outlived its supervisor, and nothing else: the platform's own processes
 * first, then the servers they talk to; who does not go within the grace time is killed.
 */
export async function stopLeftovers(home: string, stackId: string): Promise<number> {
  const found = findLeftovers(home, stackId)
  const servers = serverPids(home)
  await stopAll(roots(found).filter(({ pid }) => !servers.has(pid)))
  // Again, for what a stopped process has left behind itself.
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const rest = findLeftovers(home, stackId)
    if (rest.length === 0) break
    await stopAll(roots(rest))
  }
  return found.length
}

const ROUNDS_MAX = 3

/** The living processes of this stack, this process and those that started it left out. */
export function findLeftovers(home: string, stackId: string): ProcessId[] {
  const spared = ancestors()
  const marked = allPids().filter((pid) => !spared.has(pid) && isOfStack(pid, home, stackId))
  const known = marked.flatMap((pid) => {
    const token = startToken(pid)
    return token === undefined ? [] : [{ pid, token }]
  })
  return process.platform === 'linux' ? known : recorded(home)
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

// Without /proc only what state.json names can be found; the start token keeps a reused pid out.
function recorded(home: string): ProcessId[] {
  return (readState(home)?.components ?? []).flatMap(({ pid, token }) =>
    pid !== undefined && token !== undefined && startToken(pid) === token ? [{ pid, token }] : [],
  )
}

function serverPids(home: string): Set<number | undefined> {
  const components = readState(home)?.components ?? []
  return new Set(components.filter(({ kind }) => kind === 'server').map(({ pid }) => pid))
}

// Children are their parents' business: Postgres' helpers, for one, must not be signalled behind its back.
function roots(processes: readonly ProcessId[]): ProcessId[] {
  const pids = new Set(processes.map(({ pid }) => pid))
  return processes.filter(({ pid }) => !pids.has(parentOf(pid)))
}

async function stopAll(processes: readonly ProcessId[]): Promise<void> {
  for (const leftover of processes) signalProcess(leftover, stopSignal(leftover.pid))
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
  while (processes.some(({ pid, token }) => startToken(pid) === token)) {
    if (Date.now() > end) return false
    await sleep(POLL_MS)
  }
  return true
}

// Kafka and Temporal need some two seconds to close their files in order.
const LEFTOVER_GRACE_MS_MAX = 10_000
const POLL_MS = 25
