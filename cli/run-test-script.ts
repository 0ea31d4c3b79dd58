import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UpiError } from '../core/errors.ts'
import { CHECKOUT, environmentOf, NODE_ARGS } from '../platform/config.ts'

/** Runs a script of the tests, which the product must not import, as a process; ends with its exit code. */
export async function runTestScript(path: string, args: readonly string[]): Promise<void> {
  const script = join(CHECKOUT, 'test', path)
  if (!existsSync(script)) {
    throw new UpiError('TOOL_MISSING', 'it is part of the tests, and they are not installed', {
      fix: 'run it in a checkout',
    })
  }
  const child = spawn(process.execPath, [...NODE_ARGS, script, ...args], {
    cwd: CHECKOUT,
    env: environmentOf(),
    stdio: 'inherit',
  })
  // A Ctrl-C reaches both; the script removes what it has made, and is waited for. A second signal would cut it off.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [code] = (await once(child, 'exit')) as [number | null]
  process.exitCode = code ?? 1
}
