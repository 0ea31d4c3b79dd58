import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { CHECKOUT } from '../platform/config.ts'
import { plainEnvironment } from './plain-environment.ts'

/** How a command ended. */
export interface CliResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface CliRun {
  readonly pid: number
  /** What it has written so far. */
  readonly stdout: string
  readonly stderr: string
  readonly ended: Promise<CliResult>
  kill(signal?: NodeJS.Signals): void
}

/** Runs `./upi` to its end, with these settings and no others. */
export async function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  return await startCli(args, env).ended
}

/** Starts `./upi`, with these settings and no others. */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): CliRun {
  const child = spawn(join(CHECKOUT, 'upi'), args, {
    cwd: CHECKOUT,
    env: { ...plainEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child)
    return { code, signal, stdout: stdout(), stderr: stderr() }
  })
  return {
    pid: child.pid as number,
    get stdout() {
      return stdout()
    },
    get stderr() {
      return stderr()
    },
    ended,
    kill: (signal = 'SIGTERM') => child.kill(signal),
  }
}

/** Ends the commands that a test file has left running, and names them. */
export function killLeftCommands(): string[] {
  const left = [...running]
  running.clear()
  for (const child of left) child.kill('SIGKILL')
  return left.map((child) => `./upi ${child.spawnargs.slice(1).join(' ')} (pid ${child.pid})`)
}

const running = new Set<ChildProcess>()

function collect(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  return () => text
}
