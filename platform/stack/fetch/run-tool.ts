import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { killGroup } from '../process-table.ts'

export interface ToolCall {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly signal?: AbortSignal
  readonly uid?: number
  readonly gid?: number
  /** What it is given on its standard input. */
  readonly input?: string
}

/**
 * Runs a program to its end and gives what it printed; throws with its last lines when it fails. Aborting kills it
 * and all that it started.
 */
export async function runTool(call: ToolCall): Promise<string> {
  call.signal?.throwIfAborted()
  const { command, args, env, cwd, uid, gid } = call
  const child = spawn(command, [...args], {
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  const kill = () => child.pid !== undefined && killGroup(child.pid)
  call.signal?.addEventListener('abort', kill, { once: true })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARS_MAX)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.stdin.on('error', () => {})
  child.stdin.end(call.input ?? '')
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    call.signal?.throwIfAborted()
    if (code !== 0) throw new Error(`${command} ended with code ${code}: ${essence(output)}`)
    return output
  } finally {
    call.signal?.removeEventListener('abort', kill)
  }
}

/** Finds a program on a PATH. */
export function findOnPath(program: string, path: string | undefined): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isExecutable)
}

const OUTPUT_CHARS_MAX = 65_536
const ESSENCE_CHARS_MAX = 400

// The first line that says error tells more than the last, which says how to get more output.
function essence(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const line = lines.find((text) => /error|fatal|no space left/i.test(text)) ?? lines.at(-1) ?? ''
  return line.trim().slice(0, ESSENCE_CHARS_MAX)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
