import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * What distinguishes a process from any other that ever has its pid: boot and start time. Undefined when no such
 * process lives; a zombie does not live.
 */
export function startToken(pid: number): string | undefined {
  return HAS_PROC ? startTokenOfProc(pid) : startTokenOfPs(pid)
}

/** Whether this very process has not been cleared away yet: until then it may hold ports and files. */
export function isPresent({ pid, token }: ProcessId): boolean {
  return startToken(pid) === token
}

/** Whether this very process still lives and is not about to be gone by a SIGKILL. */
export function isAlive(pid: number, token: string): boolean {
  return isPresent({ pid, token }) && !isDoomed(pid)
}

/** Whether somebody has stopped this process, as by SIGSTOP (Linux; never elsewhere). */
export function isStopped(pid: number): boolean {
  return HAS_PROC && statFields(pid)?.[STAT_STATE] === 'T'
}

/** Sends a signal to exactly this process; one that is gone, or whose pid has passed on, is left alone. */
export function signalProcess(target: ProcessId, signal: NodeJS.Signals): void {
  if (!isPresent(target)) return
  ignoreGone(() => process.kill(target.pid, signal))
}

/** Lets a process, and those that it started itself, go on after somebody has stopped them. */
export function letGoOn(target: ProcessId): void {
  if (!isPresent(target)) return
  for (const pid of withChildren(target.pid)) ignoreGone(() => process.kill(pid, 'SIGCONT'))
}

/** A process, and those that it started itself and that still live (Linux; it alone elsewhere). */
export function withChildren(pid: number): number[] {
  const children = readProc(pid, `task/${pid}/children`)?.match(/\d+/g) ?? []
  return [pid, ...children.map(Number)]
}

/** Kills what is left of a process group whose leader is one of ours. */
export function killGroup(pid: number): void {
  ignoreGone(() => process.kill(-pid, 'SIGKILL'))
}

export interface ProcessId {
  readonly pid: number
  readonly token: string
}

/** Every pid on this machine (Linux; empty elsewhere). */
export function allPids(): number[] {
  if (!HAS_PROC) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Whether a process was started with this line (`NAME=value`) in its environment. */
export function hasEnvironment(pid: number, line: string): boolean {
  const environment = readProc(pid, 'environ')
  return environment !== undefined && `\0${environment}`.includes(`\0${line}\0`)
}

/** The folder a process works in, and its program; undefined when it may not be seen. */
export function whereabouts(pid: number): { cwd: string; program: string } | undefined {
  try {
    return { cwd: readlinkSync(`/proc/${pid}/cwd`), program: readlinkSync(`/proc/${pid}/exe`) }
  } catch {
    return undefined
  }
}

/** A short name for a process, for people. */
export function programName(pid: number): string {
  return readProc(pid, 'comm')?.trim() ?? 'unknown'
}

/** This process and those that started it. */
export function ancestors(): Set<number> {
  const seen = new Set<number>()
  for (let pid = process.pid; pid > 0 && !seen.has(pid); pid = parentOf(pid)) seen.add(pid)
  return seen
}

/** The parent of a process; 0 when there is none or it is gone. */
export function parentOf(pid: number): number {
  return Number(statFields(pid)?.[1] ?? 0)
}

/** One file of a process under /proc; undefined when the process is gone or not ours to read. */
export function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}

const HAS_PROC = process.platform === 'linux'
const BOOT_ID = HAS_PROC ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : ''
const STAT_STATE = 0
const STAT_FLAGS = 6
const STAT_START_TIME = 19
const PF_EXITING = 0x4
const SIGKILL_MASK = 1n << 8n

function startTokenOfProc(pid: number): string | undefined {
  const fields = statFields(pid)
  if (fields === undefined || fields[STAT_STATE] === 'X') return undefined
  if (fields[STAT_STATE] === 'Z' && !hasThreads(pid)) return undefined
  return `${BOOT_ID}:${fields[STAT_START_TIME]}`
}

// The fields of /proc/pid/stat from the third on; the second is a name that may hold spaces and brackets.
function statFields(pid: number): string[] | undefined {
  const stat = readProc(pid, 'stat')
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

// Killed or exiting, but not yet cleared away by the kernel.
function isDoomed(pid: number): boolean {
  if (!HAS_PROC) return false
  const fields = statFields(pid)
  if (fields === undefined || fields[STAT_STATE] === 'Z') return true
  if ((Number(fields[STAT_FLAGS]) & PF_EXITING) !== 0) return true
  const pending = /^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm
  const masks = [...(readProc(pid, 'status') ?? '').matchAll(pending)]
  return masks.some(([, mask]) => (BigInt(`0x${mask}`) & SIGKILL_MASK) !== 0n)
}

// The first thread of a dying process is a zombie while others still hold its ports and files.
function hasThreads(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).length > 1
  } catch {
    return false
  }
}

function startTokenOfPs(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-o', 'stat=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    return text === '' || / Z\S*$/.test(text) ? undefined : text.replace(/\s+\S+$/, '')
  } catch {
    return undefined
  }
}

function ignoreGone(action: () => void): void {
  try {
    action()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
