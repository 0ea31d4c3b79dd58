import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { UpiError } from '../../../core/errors.ts'
import { ABSENCE_REMEMBERED_MS } from '../../../core/stack-limits.ts'
import { absenceFile, fetchOptional, knownAbsence } from './absence.ts'
import type { Part } from './part.ts'

let cacheDir: string
beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), 'upi-absence-'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(cacheDir, { recursive: true })
})

test('that a part cannot be had is remembered for a day, or until the file is removed', async () => {
  const { part, asked } = failing(new Error('host ENOTFOUND'))
  await expect(fetchOptional(part, context())).rejects.toThrow('host ENOTFOUND')
  const again = fetchOptional(part, context())
  await expect(again).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringContaining(`or when ${absenceFile(cacheDir, part.key)} is removed`),
    fix: 'install it',
  })
  expect(asked()).toBe(1)
  vi.useFakeTimers({ now: Date.now() + ABSENCE_REMEMBERED_MS, toFake: ['Date'] })
  await expect(fetchOptional(part, context())).rejects.toThrow('host ENOTFOUND')
  expect(asked()).toBe(2)
  rmSync(absenceFile(cacheDir, part.key))
  await expect(fetchOptional(part, context())).rejects.toThrow('host ENOTFOUND')
  expect(asked()).toBe(3)
})

test('a wrong checksum is not remembered as an absence', async () => {
  const { part } = failing(new UpiError('CHECKSUM_MISMATCH', 'differs'))
  await expect(fetchOptional(part, context())).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' })
  expect(knownAbsence(cacheDir, part.key)).toBeUndefined()
})

function failing(fault: Error): { part: Part; asked: () => number } {
  let asked = 0
  const fill = () => {
    asked += 1
    return Promise.reject(fault)
  }
  return {
    part: { key: 'thing-1', sources: [{ name: 'release', fill }], fix: 'install it' },
    asked: () => asked,
  }
}

function context() {
  return { cacheDir, env: {}, signal: new AbortController().signal, progress: () => {} }
}
