import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { CHECKOUT, NODE_ARGS } from '../../platform/config.ts'

/** A running command of `./upi`. */
export interface PlatformProcess {
  readonly pid: number
  /** Throws, with what it said last, once it has ended without having been asked to. */
  check(): void
  /** Ends it and waits until it is gone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const SAID_CHARS_MAX = 2_000

/** Starts a command as `./upi` does; the profiler is the only thing that may be added. */
export function startProcess(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  nodeArgs: readonly string[] = [],
): PlatformProcess {
  const args = [...NODE_ARGS, ...nodeArgs, join(CHECKOUT, 'cli/main.ts'), ...command]
  const child = spawn(process.execPath, args, {
    cwd: CHECKOUT,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    // A Ctrl-C at the terminal is ours to act upon.
    detached: true,
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said = (said + text).slice(-SAID_CHARS_MAX)
  })
  const ended = once(child, 'close')
  return {
    pid: child.pid as number,
    check() {
      if (child.exitCode === null && child.signalCode === null) return
      throw new Error(
        `./upi ${command.join(' ')} ended (${child.exitCode ?? child.signalCode}): ${said}`,
      )
    },
    async stop(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await ended
    },
  }
}
