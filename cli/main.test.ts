import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runCli } from '../test/cli.ts'
import { COMMANDS } from './commands.ts'

// An empty home, and a port at which nobody listens.
const home = mkdtempSync(join(tmpdir(), 'upi-main-'))
const env = { UPI_HOME: home }
const nowhere = 'postgres://upi:hidden-word@127.0.0.1:1/upi'
afterAll(() => rmSync(home, { recursive: true }))

describe.concurrent('./upi', () => {
  test('--help names every command', async () => {
    const { code, stdout } = await runCli(['--help'], env)
    expect(code).toBe(0)
    for (const { name } of COMMANDS.flatMap((group) => group.entries)) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    }
  })

  test('without a command shows the same, as wrong use', async () => {
    const { code, stdout } = await runCli([], env)
    expect([code, stdout.includes('COMMAND --help')]).toEqual([2, true])
  })

  test.each([
    ['no such command', ['nosuch'], {}, 2, "there is no command 'nosuch'"],
    ['an unknown option', ['status', '--nosuch'], {}, 2, 'unknown option'],
    ['an argument too many', ['down', 'now'], {}, 2, 'too many arguments'],
    ['a malformed option', ['aggregate', '--date', 'today'], {}, 2, 'is not a day'],
    [
      'a malformed setting',
      ['env'],
      { UPI_PORT_BASE: 'x', UPI_LOG_LEVEL: 'y' },
      2,
      /PORT_BASE.*LOG_LEVEL/,
    ],
    ['the answer is no', ['env'], {}, 1, 'run ./upi up'],
    ['something outside is away', ['migrate'], { DATABASE_URL: nowhere }, 3, '127.0.0.1:1'],
  ] as const)('%s', async (_, args, settings, exit, said) => {
    const { code, stdout, stderr } = await runCli(args, { ...env, ...settings })
    expect(stderr).toMatch(said)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect([code, stdout]).toEqual([exit, ''])
    expect(stderr).not.toContain('hidden-word')
  })

  test('shows the stack of a fault only when asked to', async () => {
    const { stderr } = await runCli(['env', '--verbose'], env)
    expect(stderr).toMatch(/^\s+at .*env\.ts/m)
  })
})
