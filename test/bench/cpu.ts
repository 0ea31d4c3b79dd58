import { execFileSync } from 'node:child_process'
import { allPids, parentOf, readProc } from '../../platform/stack/process-table.ts'

/** The processes that a bench watches; undefined where they cannot be seen, as in a container. */
export interface Watched {
  readonly worker?: number | undefined
  readonly postgres?: number | undefined
  readonly kafka?: number | undefined
}

/** CPU seconds by process since it began; null where it cannot be seen. */
export type CpuReading = Readonly<Record<keyof Watched, number | null>>

/** Reads the clocks of all watched processes at once; Postgres' with all its backends, those that have ended too. */
export function readCpu({ worker, postgres, kafka }: Watched): CpuReading {
  return { worker: cpuOf(worker), postgres: cpuOfServer(postgres), kafka: cpuOf(kafka) }
}

/** What was used between two readings, for each million of messages. */
export function cpuPerMillion(from: CpuReading, to: CpuReading, messages: number): CpuReading {
  const used = (name: keyof Watched) => {
    const [before, after] = [from[name], to[name]]
    return before === null || after === null ? null : ((after - before) / messages) * 1_000_000
  }
  return { worker: used('worker'), postgres: used('postgres'), kafka: used('kafka') }
}

/** The most memory that a process has ever had resident, in bytes. */
export function peakMemory(pid: number): number | null {
  const kilobytes = /^VmHWM:\s*(\d+) kB/m.exec(readProc(pid, 'status') ?? '')?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

/** CPU seconds of one process since it began; null where it cannot be seen. */
export function cpuOf(pid: number | undefined): number | null {
  return pid === undefined ? null : (clocksOf(pid)?.own ?? null)
}

// A backend that has ended is counted by its parent, which waits for it; one that lives, or waits to be counted, by itself.
function cpuOfServer(postmaster: number | undefined): number | null {
  const clocks = postmaster === undefined ? undefined : clocksOf(postmaster)
  if (clocks === undefined) return null
  const children = allPids().filter((pid) => parentOf(pid) === postmaster)
  const living = children.reduce((sum, pid) => sum + (clocksOf(pid)?.own ?? 0), 0)
  return clocks.own + clocks.ended + living
}

// utime, stime, cutime and cstime: the 14th to 17th field; the second is a name that may hold spaces.
function clocksOf(pid: number): { own: number; ended: number } | undefined {
  const stat = readProc(pid, 'stat')
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system, endedUser, endedSystem] = fields?.slice(11, 15).map(Number) ?? []
  if (user === undefined || system === undefined) return undefined
  return {
    own: (user + system) / TICKS_PER_SECOND,
    ended: ((endedUser ?? 0) + (endedSystem ?? 0)) / TICKS_PER_SECOND,
  }
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
