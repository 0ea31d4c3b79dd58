import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { IMPORT_LINE_CHARS_MAX } from '../core/limits.ts'
import { ImportFile } from './import-file.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'upi-import-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

function write(bytes: Buffer | string): string {
  const path = join(folder, 'file')
  writeFileSync(path, bytes)
  return path
}

async function read(bytes: Buffer | string, ...encoding: ['windows-1252'] | []) {
  const file = await ImportFile.open(write(bytes), ...encoding)
  const sample = await file.sample()
  const lines: (string | null)[] = []
  let [bytesRead, isDamaged] = [0, false]
  for await (const portion of file.portions()) {
    expect(portion.first).toBe(lines.length + 1)
    lines.push(...portion.lines)
    bytesRead = portion.bytesRead
    isDamaged ||= portion.isDamaged
  }
  expect(lines.slice(0, sample.length)).toEqual(sample)
  if (lines.length > 0) expect(bytesRead).toBe(file.bytes)
  return { lines, isDamaged, encoding: file.encoding }
}

const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()

test.each<[string, Buffer | string, string[]]>([
  ['plain', 'a\nb', ['a', 'b']],
  ['with a last line break', 'a\nb\n', ['a', 'b']],
  ['of Windows', 'a\r\nb\r\n', ['a', 'b']],
  ['of old Macs', 'a\rb\r', ['a', 'b']],
  ['empty', '', []],
  ['short', 'a', ['a']],
  ['with a byte order mark', '\uFEFFa\n₹', ['a', '₹']],
  ['in UTF-16', Buffer.from('\uFEFFa\n₹', 'utf16le'), ['a', '₹']],
  ['in UTF-16, the other way round', utf16be('\uFEFFa\n₹'), ['a', '₹']],
  ['in gzip', gzipSync('a\nb'), ['a', 'b']],
  ['in two gzips', Buffer.concat([gzipSync('a\n'), gzipSync('b')]), ['a', 'b']],
])('a file %s', async (_, bytes, lines) => expect((await read(bytes)).lines).toEqual(lines))

test('a large file keeps its lines across chunks', async () => {
  const expected = Array.from({ length: 60_000 }, (_, i) => `${i},₹é`)
  expect((await read(expected.join('\n'))).lines).toEqual(expected)
  expect((await read(gzipSync(expected.join('\n')))).lines).toEqual(expected)
})

test('bytes that are not of the encoding are marked, and another encoding reads them', async () => {
  const bytes = Buffer.from([0x61, 0xe9, 0x0a])
  expect(await read(bytes)).toMatchObject({ lines: ['a\uFFFD'], isDamaged: true })
  expect(await read(bytes, 'windows-1252')).toMatchObject({ lines: ['aé'], isDamaged: false })
})

test('a line without end is not kept, and the next one is read', async () => {
  const long = 'x'.repeat(IMPORT_LINE_CHARS_MAX * 3)
  expect((await read(`a\n${long}\nb\n${long}`)).lines).toEqual(['a', null, 'b', null])
})

test('faults are named', async () => {
  await expect(ImportFile.open(join(folder, 'none'))).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  })
  await expect(ImportFile.open(folder)).rejects.toThrow('is a folder')
  await expect(read('PK\u0003\u0004xx')).rejects.toThrow('spreadsheet')
  await expect(read(gzipSync('a\n'.repeat(100)).subarray(0, -5))).rejects.toMatchObject({
    code: 'INPUT_BROKEN',
  })
})
