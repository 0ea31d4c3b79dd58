import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
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
    ['a malformed option', ['aggregate', '--date', 'someday'], {}, 2, 'is not a day'],
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

  test.each(['schema', 'schedules'])(
    '%s alone shows what it can do, as wrong use',
    async (name) => {
      const { code, stderr } = await runCli([name], env)
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^Usage: /)])
      expect(stderr).not.toContain('outputHelp')
    },
  )

  test('doctor makes nothing', async () => {
    const places = { UPI_HOME: join(home, 'no'), UPI_CACHE_DIR: join(home, 'cache') }
    const { stdout } = await runCli(['doctor', '--json'], places)
    const findings: { name: string; ok: boolean }[] = JSON.parse(stdout)
    expect(findings).toContainEqual(expect.objectContaining({ name: 'folders', ok: true }))
    expect(readdirSync(home).filter((name) => name !== 'cache')).toEqual([])
  })

  test('an unknown part is refused before anything is written', async () => {
    const { code, stderr } = await runCli(['up', '--only', 'nosuch'], env)
    expect([code, stderr]).toEqual([2, expect.stringContaining("no part 'nosuch'")])
    expect(readdirSync(home).filter((name) => name !== 'cache')).toEqual([])
  })

  test('shows the stack of a fault only when asked to', async () => {
    const { stderr } = await runCli(['env', '--verbose'], env)
    expect(stderr).toMatch(/^\s+at .*env\.ts/m)
  })
})
