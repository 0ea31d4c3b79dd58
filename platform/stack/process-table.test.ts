import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { ancestors, hasEnvironment, isAlive, signalProcess, startToken } from './process-table.ts'
import { resourcesOf } from './resources.ts'

test('a process keeps its token, and has none when it is gone', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
  const pid = child.pid ?? 0
  const token = startToken(pid) ?? ''
  expect(isAlive(pid, token)).toBe(true)
  signalProcess({ pid, token: 'of another process' }, 'SIGKILL')
  expect(isAlive(pid, token)).toBe(true)
  signalProcess({ pid, token }, 'SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  expect(startToken(pid)).toBeUndefined()
})

test.runIf(process.platform === 'linux')(
  'a mark is found only when it is the whole variable',
  async () => {
    const env = { UPI_STACK_ID: 'abcdef', OTHER_UPI_STACK_ID: 'zzz' }
    const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], {
      env,
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const has = (line: string) => hasEnvironment(child.pid ?? 0, line)
    expect(has('UPI_STACK_ID=abcdef')).toBe(true)
    expect(has('UPI_STACK_ID=abc')).toBe(false)
    expect(has('UPI_STACK_ID=zzz')).toBe(false)
    child.kill('SIGKILL')
  },
)

test.runIf(process.platform === 'linux')(
  'this process is among its own ancestors, and its memory is known',
  () => {
    expect(ancestors()).toContain(process.pid)
    expect(ancestors()).toContain(process.ppid)
    const resources = resourcesOf([process.pid]).get(process.pid)
    expect(resources?.rssBytes).toBeGreaterThan(10_000_000)
    expect(resources?.pssBytes).toBeGreaterThan(1_000_000)
  },
)
