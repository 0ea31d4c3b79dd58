import {
  closeSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lastLines, openLog, rotateLog } from './log-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upi-log-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a writer goes on writing into the emptied file after a rotation', () => {
  const path = join(folder, 'a.log')
  const { fd } = openLog(path)
  writeSync(fd, 'one\n')
  rotateLog(path, 1)
  writeSync(fd, 'two\n')
  closeSync(fd)
  expect(readFileSync(path, 'utf8')).toBe('two\n')
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('one\n')
})

test('a log that cannot be copied, as on a full disk, is kept, and what was kept before', () => {
  const path = join(folder, 'a.log')
  writeFileSync(path, 'new\n')
  writeFileSync(`${path}.1`, 'old\n')
  symlinkSync('/dev/full', `${path}.new`)
  rotateLog(path, 1)
  const kept = [path, `${path}.1`].map((each) => readFileSync(each, 'utf8'))
  expect(kept).toEqual(['new\n', 'old\n'])
})

test('the last lines are those written since the position, blank ones left out', () => {
  const path = join(folder, 'b.log')
  writeFileSync(path, 'old\n')
  writeFileSync(path, 'first\n\nsecond\nthird\n', { flag: 'a' })
  expect(lastLines(path, 4, 2)).toEqual(['second', 'third'])
  expect(lastLines(path, 4)).toEqual(['first', 'second', 'third'])
})

test('a log that is not there has no lines', () => {
  expect(lastLines(join(folder, 'c.log'))).toEqual([])
})
