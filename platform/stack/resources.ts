import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { allPids, parentOf, readProc } from './process-table.ts'

export interface Resources {
  readonly rssBytes: number
  /** Proportional: a page shared by n processes counts 1/n. Undefined where the system does not tell. */
  readonly pssBytes: number | undefined
}

/**
 * The memory of each process with all that it started, less what is asked for itself, in one pass over the process
 * table.
 */
export function resourcesOf(pids: readonly number[]): Map<number, Resources> {
  if (process.platform !== 'linux') return new Map(pids.map((pid) => [pid, resourcesOfPs(pid)]))
  const children = Map.groupBy(allPids(), parentOf)
  const asked = new Set(pids)
  const family = (pid: number): number[] => {
    const own = (children.get(pid) ?? []).filter((child) => !asked.has(child))
    return [pid, ...own.flatMap(family)]
  }
  return new Map(pids.map((pid) => [pid, sum(family(pid).map(resourcesOfOne))]))
}

function sum(all: readonly Resources[]): Resources {
  return all.reduce((total, { rssBytes, pssBytes }) => ({
    rssBytes: total.rssBytes + rssBytes,
    pssBytes:
      total.pssBytes === undefined || pssBytes === undefined
        ? undefined
        : total.pssBytes + pssBytes,
  }))
}

function resourcesOfOne(pid: number): Resources {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return { rssBytes: bytesIn(rollup, 'Rss'), pssBytes: bytesIn(rollup, 'Pss') }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return { rssBytes: 0, pssBytes: 0 }
    return { rssBytes: bytesIn(readProc(pid, 'status') ?? '', 'VmRSS'), pssBytes: undefined }
  }
}

function bytesIn(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}

function resourcesOfPs(pid: number): Resources {
  try {
    const text = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
    return { rssBytes: Number(text) * 1024, pssBytes: undefined }
  } catch {
    return { rssBytes: 0, pssBytes: undefined }
  }
}
