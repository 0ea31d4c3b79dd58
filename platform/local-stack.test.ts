import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { faultOf } from '../test/fixtures/settings.ts'
import { ensureSecrets, localStack, prepareHome } from './local-stack.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upi-home-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

test('reading creates nothing, and there are no secrets before the first up', () => {
  const home = join(folder, 'home')
  const stack = localStack(home)
  expect(stack).toMatchObject({ home, portBase: 29_000, secrets: undefined })
  expect(stack.postgresUrl('upi', undefined)).toBeUndefined()
  expect(existsSync(home)).toBe(false)
})

test('what up has made is found by the commands after it', () => {
  const secrets = prepareHome(folder, 28_000)
  const stack = localStack(folder)
  expect(stack).toMatchObject({ portBase: 28_000, secrets })
  expect(localStack(folder, 27_000).portBase).toBe(27_000)
  const url = `postgres://upi:${secrets.postgres}@127.0.0.1:28000/upi`
  expect(stack.postgresUrl('upi', secrets.postgres)).toBe(url)
})

test('secrets are random, fit into a URL as they are, and are for their owner only', () => {
  const [one, other] = [prepareHome(folder, 1024), prepareHome(join(folder, 'other'), 1024)]
  const values = [one, other].flatMap((secrets) => Object.values(secrets))
  expect(new Set(values).size).toBe(values.length)
  for (const value of values) expect(value).toMatch(/^(local:[0-9a-f]{64}|[\w-]{32})$/)
  expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600)
})

test('secrets stay for life; those of a newer version are added', () => {
  const { grafana, ...old } = prepareHome(folder, 1024)
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify(old))
  const secrets = prepareHome(folder, 1044)
  expect(secrets).toEqual({ ...old, grafana: expect.not.stringMatching(grafana) })
  expect(prepareHome(folder, 1044)).toEqual(secrets)
  expect(JSON.parse(readFileSync(join(folder, 'stack.json'), 'utf8'))).toEqual({ portBase: 1044 })
})

test('secrets alone say nothing about ports', () => {
  const secrets = ensureSecrets(folder)
  expect(readdirSync(folder)).toEqual(['secrets.json'])
  expect(localStack(folder)).toMatchObject({ portBase: 29_000, secrets })
})

test('of first starts at once all use one set of secrets', async () => {
  const module = join(import.meta.dirname, 'local-stack.ts')
  const script = `
    const { ensureSecrets } = await import(process.argv[1])
    while (Date.now() < Number(process.argv[2]));
    console.log(ensureSecrets(process.argv[3]).postgres)`
  const at = String(Date.now() + 700)
  const argv = ['--input-type=module', '-e', script, module, at, folder]
  const run = () => promisify(execFile)(process.execPath, argv)
  const outputs = await Promise.all([run(), run(), run()])
  expect(new Set(outputs.map(({ stdout }) => stdout))).toEqual(
    new Set([`${ensureSecrets(folder).postgres}\n`]),
  )
  expect(readdirSync(folder)).toEqual(['secrets.json'])
})

test('a damaged file is named, with the way out', () => {
  const path = join(folder, 'secrets.json')
  writeFileSync(path, '{"postgres": "half of a secr')
  for (const read of [() => localStack(folder), () => prepareHome(folder, 1024)]) {
    const { code, message, fix } = faultOf(read)
    expect([code, message]).toEqual(['CONFIG_INVALID', `${path} is not JSON`])
    expect(fix).toContain('restore it from a backup')
  }
})

test('a home that cannot be written is named, with the way out', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  const { code, message, fix } = faultOf(() => prepareHome(join(file, 'home'), 1024))
  expect(code).toBe('CACHE_UNWRITABLE')
  expect(message).toContain(join(file, 'home'))
  expect(fix).toContain('UPI_HOME')
})
