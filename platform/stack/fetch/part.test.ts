import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UpiError } from '../../../core/errors.ts'
import { type FetchContext, fetchPart, type Part, type Source } from './part.ts'

let cacheDir: string
let abort: AbortController
beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), 'upi-part-'))
  abort = new AbortController()
})
afterEach(() => rmSync(cacheDir, { recursive: true }))

test('the first way that works fills the cache, and the second start finds it there', async () => {
  const part = partOf(failing('release', 'host ENOTFOUND'), writing('go install'))
  const first = await fetchPart(part, context())
  expect(first.fresh).toMatchObject({ source: 'go install', bytes: 5 })
  expect(readFileSync(join(first.folder, 'program'), 'utf8')).toBe('hello')
  expect(await fetchPart(part, context())).toEqual({ folder: first.folder })
})

test('two fetches at once fill it once', async () => {
  let fills = 0
  const slow: Source = {
    name: 'slow',
    async fill(folder, given) {
      fills += 1
      await new Promise((resolve) => setImmediate(resolve))
      await writing('').fill(folder, given)
    },
  }
  const both = [fetchPart(partOf(slow), context()), fetchPart(partOf(slow), context())]
  const [first, second] = await Promise.all(both)
  expect(first?.folder).toBe(second?.folder)
  expect(fills).toBe(1)
})

test('when no way works, each reason and the fix are said', async () => {
  const part = partOf(failing('release', 'host ENOTFOUND'), failing('go', 'go is not on PATH'))
  await expect(fetchPart(part, context())).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: 'thing-1 cannot be had: release: host ENOTFOUND; go: go is not on PATH',
    fix: 'install it',
  })
  expect(entries()).toEqual([])
})

test('a wrong checksum and a full disk stop at once instead of trying the next way', async () => {
  const mismatch = new UpiError('CHECKSUM_MISMATCH', 'differs')
  await expect(fetchPart(partOf(throwing(mismatch), writing('go')), context())).rejects.toBe(
    mismatch,
  )
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' })
  const fetching = fetchPart(partOf(throwing(full), writing('go')), context())
  await expect(fetching).rejects.toMatchObject({ code: 'DISK_FULL' })
  expect(entries()).toEqual([])
})

test('an abort in the middle leaves no entry and nothing half-made', async () => {
  const interrupted: Source = {
    name: 'interrupted',
    async fill(folder, given) {
      await writing('').fill(folder, given)
      abort.abort(new Error('Ctrl-C'))
    },
  }
  await expect(fetchPart(partOf(interrupted), context())).rejects.toThrow('Ctrl-C')
  expect(entries()).toEqual([])
})

test('a fetcher that was killed leaves no lock, and its remains are removed', async () => {
  const lock = join(import.meta.dirname, '..', 'lock.ts')
  const script = `import(${JSON.stringify(lock)}).then(({ tryLock }) => {
    tryLock(${JSON.stringify(join(cacheDir, '.locks', 'thing-1'))}); console.log('held'); setInterval(() => {}, 1e6)
  })`
  const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  const waits = Promise.withResolvers<void>()
  const fetching = fetchPart(partOf(writing('go')), {
    ...context(),
    progress: () => waits.resolve(),
  })
  await waits.promise
  holder.kill('SIGKILL')
  expect((await fetching).fresh?.source).toBe('go')
  expect(entries()).toEqual(['thing-1'])
})

function context(): FetchContext {
  return { cacheDir, env: {}, signal: abort.signal, progress: () => {} }
}

function partOf(...sources: Source[]): Part {
  return { key: 'thing-1', sources, fix: 'install it' }
}

function writing(name: string): Source {
  return {
    name,
    async fill(folder) {
      writeFileSync(join(folder, 'program'), 'hello')
    },
  }
}

function failing(name: string, reason: string): Source {
  return { ...throwing(new Error(reason)), name }
}

function throwing(error: Error): Source {
  return { name: 'throwing', fill: () => Promise.reject(error) }
}

function entries(): string[] {
  expect(existsSync(cacheDir)).toBe(true)
  return readdirSync(cacheDir).filter((name) => name !== '.locks')
}
