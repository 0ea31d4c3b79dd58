import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { CHECKOUT } from '../../platform/config.ts'
import { readCpu, type Watched } from './cpu.ts'

/** What a command took, its start included. */
export interface Timing {
  readonly seconds: number
  /** CPU seconds of the Postgres server meanwhile, all its backends; null where they cannot be seen. */
  readonly postgresCpu: number | null
}

/** A command as a shell would start it. */
export interface TimedCommand {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const SAID_CHARS_MAX = 2_000

/** Runs commands one after the other and takes the time from the first start to the last exit. */
export async function timeCommands(
  commands: readonly TimedCommand[],
  watched: Watched,
  signal: AbortSignal,
): Promise<Timing> {
  const cpu = readCpu(watched).postgres
  const began = performance.now()
  for (const command of commands) await runCommand(command, signal)
  const seconds = (performance.now() - began) / 1000
  const cpuAfter = readCpu(watched).postgres
  return { seconds, postgresCpu: cpu === null || cpuAfter === null ? null : cpuAfter - cpu }
}

async function runCommand(
  { program, args, env }: TimedCommand,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const stdio = ['ignore', 'ignore', 'pipe'] as const
  const child = spawn(program, args, { cwd: CHECKOUT, env, signal, stdio: [...stdio] })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    said = (said + text).slice(-SAID_CHARS_MAX)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`)
}
