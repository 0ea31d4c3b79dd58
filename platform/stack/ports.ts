import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpiError } from '../../core/errors.ts'
import { allPids, programName } from './process-table.ts'

/** Refuses to go on when a port is taken, and names who has it. */
export async function checkPorts(ports: readonly number[]): Promise<void> {
  const taken = await stillTaken(ports)
  if (taken.length === 0) return
  const holders = taken.map((port) => `${port} (${portHolder(port) ?? 'by whom is not visible'})`)
  const [noun, verb] = taken.length === 1 ? ['port', 'is'] : ['ports', 'are']
  throw new UpiError('PORT_TAKEN', `${noun} ${holders.join(', ')} ${verb} taken`, {
    fix: 'stop that program, or set UPI_PORT_BASE to another range of 20 free ports',
  })
}

// A port that nobody visible holds may be that of a process which was just killed: it is free in a moment.
async function stillTaken(ports: readonly number[]): Promise<number[]> {
  const end = Date.now() + DYING_MS_MAX
  for (;;) {
    const free = await Promise.all(ports.map(isFree))
    const taken = ports.filter((_, index) => !free[index])
    const isKnown = taken.some((port) => portHolder(port) !== undefined)
    if (taken.length === 0 || isKnown || Date.now() > end) return taken
    await sleep(POLL_MS)
  }
}

const DYING_MS_MAX = 2_000
const POLL_MS = 25

/** Whether this machine would let a server listen there. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)))
  })
}

/** Who listens on a port, as `program, pid 123`; undefined when that cannot be seen. */
export function portHolder(port: number): string | undefined {
  const pid = portPid(port)
  return pid === undefined ? undefined : `${programName(pid)}, pid ${pid}`
}

/** The process that listens on a port; undefined when that cannot be seen. */
export function portPid(port: number): number | undefined {
  return process.platform === 'linux' ? listenerOfProc(port) : listenerOfLsof(port)
}

function listenerOfProc(port: number): number | undefined {
  const sockets = new Set([...listening('tcp', port), ...listening('tcp6', port)])
  if (sockets.size === 0) return undefined
  return allPids().find((pid) => openSockets(pid).some((socket) => sockets.has(socket)))
}

const STATE_LISTEN = '0A'

// Fields of a line: number, local address (hex:port), remote address, state, …, the inode as the tenth.
function listening(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync(`/proc/net/${table}`, { encoding: 'utf8', flag: 'r' }).split('\n')
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === STATE_LISTEN)
    .map((fields) => `socket:[${fields[9]}]`)
}

function openSockets(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`))
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function listenerOfLsof(port: number): number | undefined {
  try {
    const pids = execFileSync('lsof', ['-nPt', `-iTCP:${port}`, '-sTCP:LISTEN'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return Number(pids.trim().split('\n')[0])
  } catch {
    return undefined
  }
}
