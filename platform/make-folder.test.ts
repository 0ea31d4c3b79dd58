import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeFolder } from './make-folder.ts'

const place = mkdtempSync(join(tmpdir(), 'upi-folder-'))
afterAll(() => rmSync(place, { recursive: true }))

test('makes a folder with those above it, and minds none that is there', () => {
  makeFolder(join(place, 'a/b/c'))
  makeFolder(join(place, 'a/b/c'))
  expect(existsSync(join(place, 'a/b/c'))).toBe(true)
})

test('a place where no folder can be is a fault and not an endless loop', () => {
  writeFileSync(join(place, 'file'), '')
  expect(() => makeFolder(join(place, 'file/below'))).toThrow('ENOTDIR')
  expect(() => makeFolder('/proc/nope/below')).toThrow('ENOENT')
})
