import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import type { Launch } from './component.ts'
import { openLog } from './log-file.ts'
import { killGroup, letGoOn, type ProcessId, startToken } from './process-table.ts'

/** A process that the supervisor has started, in a group of its own. */
export interface Child extends ProcessId {
  /** Settles when it has ended and the rest of its group has been killed. */
  readonly exited: Promise<Exit>
  /** Where its output begins in the log. */
  readonly logStart: number
  /** Ends it by a signal, and by force after the grace time. */
  stop(signal: NodeJS.Signals, graceMsMax: number): Promise<void>
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not even be started. */
  readonly error?: Error
}

/** Starts a process whose output is appended to a log file. */
export function spawnChild(launch: Launch, logPath: string): Child {
  const log = openLog(logPath)
  const { command, args, env, cwd, uid, gid } = launch
  const identity = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) }
  const child = spawn(command, [...args], {
    env,
    cwd,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    ...identity,
  })
  closeSync(log.fd)
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }))
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) killGroup(child.pid)
      resolve({ code, signal })
    })
  })
  const pid = child.pid ?? 0
  const token = startToken(pid) ?? ''
  const stop = async (signal: NodeJS.Signals, graceMsMax: number): Promise<void> => {
    child.kill(signal)
    // Whoever was stopped hears a signal only when he goes on.
    letGoOn({ pid, token })
    const force = setTimeout(() => child.kill('SIGKILL'), graceMsMax)
    await exited
    clearTimeout(force)
  }
  return { pid, token, exited, logStart: log.start, stop }
}

/** How a process ended, for people. */
export function describeExit({ code, signal, error }: Exit): string {
  if (error !== undefined) return `could not be started (${error.message})`
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`
}
