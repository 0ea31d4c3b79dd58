import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CHECKOUT } from '../platform/config.ts'

// The entry in a checkout of its own, with an npm that only writes down that it ran and a node that shows its cache.
const UID_NOBODY = 65_534
const NODE = '#!/bin/sh\necho "cache $NODE_COMPILE_CACHE"\n'
const NPM = `#!/bin/sh
echo ran >>npm.log
mkdir -p node_modules/node/bin
printf '%s' '${NODE}' >node_modules/node/bin/node
chmod +x node_modules/node/bin/node
`
let root: string
let lock: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'upi-entry-'))
  lock = join(root, '.upi-installing')
  copyFileSync(join(CHECKOUT, 'upi'), join(root, 'upi'))
  writeFileSync(join(root, 'package-lock.json'), '{}')
  mkdirSync(join(root, 'bin'))
  writeFileSync(join(root, 'bin', 'npm'), NPM)
  chmodSync(join(root, 'bin', 'npm'), 0o755)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('packages that are missing or stale are installed once', () => {
  expect(upi('up')).toMatchObject({ status: 0 })
  expect(upi('up').status).toBe(0)
  expect(installs()).toBe(1)
  writeFileSync(join(root, 'package-lock.json'), '{"newer": true}')
  expect(upi('up').status).toBe(0)
  expect(installs()).toBe(2)
  expect(isLocked()).toBe(false)
})

test.each(['down', 'status', 'logs', 'env'])('%s leaves stale packages as they are', (command) => {
  upi(command)
  expect(installs()).toBe(1)
  writeFileSync(join(root, 'package-lock.json'), '{"newer": true}')
  expect(upi(command).status).toBe(0)
  expect(installs()).toBe(1)
})

test('the lock of a killed installation is broken', () => {
  const dead = spawnSync('true').pid
  symlinkSync(String(dead), lock)
  expect(upi('up')).toMatchObject({ status: 0 })
  expect([installs(), isLocked()]).toEqual([1, false])
})

test('a running installation is waited for, and named', async () => {
  symlinkSync(String(process.pid), lock)
  const waiting = spawn(join(root, 'upi'), ['up'], { env: environment(), stdio: 'pipe' })
  const said = await new Promise((resolve) => waiting.stderr.once('data', resolve))
  expect(String(said)).toContain(`waiting for process ${process.pid}`)
  expect(installs()).toBe(0)
  rmSync(lock)
  expect(await new Promise((resolve) => waiting.once('close', resolve))).toBe(0)
  expect(installs()).toBe(1)
})

test('a checkout that may not be written is named, without waiting', () => {
  const isRoot = process.getuid?.() === 0
  chmodSync(root, 0o555)
  const { status, stderr } = upi('up', {}, isRoot ? UID_NOBODY : undefined)
  expect([status, stderr]).toEqual([3, expect.stringContaining(`${root} may not be written`)])
})

test('compiled code is kept in the cache or the home folder, and nowhere that others may write', () => {
  const { UPI_CACHE_DIR, HOME, ...bare } = environment()
  const inCache = upi('up', { UPI_CACHE_DIR: join(root, 'cache') })
  expect(inCache.stdout).toBe(`cache ${root}/cache/compiled\n`)
  const inHome = upi('up', { UPI_CACHE_DIR: '', HOME: root })
  expect(inHome.stdout).toBe(`cache ${root}/.cache/upi/compiled\n`)
  const nowhere = execFileSync(join(root, 'upi'), ['up'], { env: bare, encoding: 'utf8' })
  expect(nowhere).toBe('cache \n')
})

function upi(command: string, env: Record<string, string> = {}, uid?: number) {
  const options = { env: { ...environment(), ...env }, encoding: 'utf8', timeout: 20_000 } as const
  return spawnSync(join(root, 'upi'), [command], {
    ...options,
    ...(uid === undefined ? {} : { uid }),
  })
}

function environment(): Record<string, string> {
  return {
    PATH: `${join(root, 'bin')}:/usr/local/bin:/usr/bin:/bin`,
    HOME: root,
    UPI_CACHE_DIR: '',
  }
}

function installs(): number {
  const log = join(root, 'npm.log')
  return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').length : 0
}

function isLocked(): boolean {
  return lstatSync(lock, { throwIfNoEntry: false }) !== undefined
}
