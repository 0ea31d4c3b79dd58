import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { CHECKOUT } from '../platform/config.ts'
import { plainEnvironment } from './plain-environment.ts'

const BIOME = join(CHECKOUT, 'node_modules/@biomejs/biome/bin/biome')
const COMPILER = join(CHECKOUT, 'node_modules/typescript/bin/tsc')

/** What the compiler has to say of the whole repository; nothing if all is well. */
export function checkTypes(): Promise<string> {
  return complaints([COMPILER, '-p', '.'], CHECKOUT)
}

/** What the linter has to say of the whole repository, a line each; `npm run check` shows all of it. */
export async function checkStyle(): Promise<string> {
  const args = [BIOME, 'check', '--error-on-warnings', '--max-diagnostics=100', '.']
  const lines = (await complaints(args, CHECKOUT)).split('\n')
  return lines.filter((line) => /━{3}|^ {2}[×!] /.test(line)).join('\n')
}

/** What the linter would say of a file with this text at this place. */
export async function lintText(path: string, code: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'upi-lint-'))
  try {
    copyFileSync(join(CHECKOUT, 'biome.json'), join(folder, 'biome.json'))
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), code)
    return await complaints([BIOME, 'lint', '--vcs-enabled=false', path], folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function complaints(args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(process.execPath, args, { cwd, env: plainEnvironment(), stdio: 'pipe' })
  child.stdin.end()
  const ended = new Promise((resolve) => child.once('close', resolve))
  const output = await Promise.all([text(child.stdout), text(child.stderr)])
  return (await ended) === 0 ? '' : output.join('')
}
