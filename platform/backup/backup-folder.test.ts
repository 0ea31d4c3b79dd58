import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type BackupRecord,
  backupFolder,
  listBackups,
  nextName,
  partName,
  RECORD,
  readRecord,
  recordText,
  removeLeftovers,
  removeOld,
} from './backup-folder.ts'

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'upi-backups-'))
})

afterEach(() => rmSync(dir, { recursive: true }))

function aBackup(name: string): string {
  const folder = join(dir, name)
  mkdirSync(folder)
  writeFileSync(join(folder, RECORD), recordText(aRecord(name)))
  return folder
}

function aRecord(name: string): BackupRecord {
  const at = '2026-02-02T21:00:00.000Z'
  return {
    format: 1,
    name,
    date: name.slice(0, 10),
    began_at: at,
    ended_at: at,
    run: 'a run',
    server_version: '18.4',
    system_id: '7710706217051900589',
    timeline: 1,
    start_lsn: '0/5000028',
    stop_lsn: '0/5000120',
    checksums: true,
    cluster_bytes: 10,
    bytes: 5,
    parts: [],
  }
}

const NAMES = ['2026-02-01', '2026-02-02', '2026-02-02.2', '2026-02-02.10', '2026-02-03']

test('backups are listed by age; what is not named like one is left alone', () => {
  for (const name of [...NAMES].reverse()) aBackup(name)
  mkdirSync(join(dir, 'mine'))
  mkdirSync(join(dir, partName('2026-02-04')))
  expect(listBackups(dir).map(({ name }) => name)).toEqual(NAMES)
  expect(listBackups(join(dir, 'nothing'))).toEqual([])
  expect(nextName(dir, '2026-02-02')).toBe('2026-02-02.3')
  expect(nextName(dir, '2026-02-04')).toBe('2026-02-04')
})

test('a folder without a whole record is no backup', () => {
  const folder = aBackup('2026-02-01')
  expect(readRecord(folder)).toEqual(aRecord('2026-02-01'))
  const path = join(folder, RECORD)
  writeFileSync(path, readFileSync(path, 'utf8').replace('0/5000120', '0/5000121'))
  expect(() => readRecord(folder)).toThrow('is not as it was written')
  rmSync(path)
  expect(listBackups(dir)).toMatchObject([{ fault: expect.stringContaining('is no backup') }])
})

test('a backup is found by name, by folder, or as the newest', () => {
  for (const name of NAMES) aBackup(name)
  expect(backupFolder(dir, undefined)).toBe(join(dir, '2026-02-03'))
  expect(backupFolder(dir, '2026-02-02')).toBe(join(dir, '2026-02-02'))
  expect(backupFolder('elsewhere', join(dir, '2026-02-02'))).toBe(join(dir, '2026-02-02'))
  expect(() => backupFolder(dir, '2026-03-01')).toThrow(`there is no backup '2026-03-01'`)
})

test('the oldest go; a broken one is neither counted nor removed', async () => {
  for (const name of NAMES) aBackup(name)
  rmSync(join(dir, '2026-02-01', RECORD))
  expect(await removeOld(dir, 2)).toEqual(['2026-02-02', '2026-02-02.2'])
  expect(await removeOld(dir, 2)).toEqual([])
  expect(readdirSync(dir)).toEqual(['2026-02-01', '2026-02-02.10', '2026-02-03'])
})

test('old ones are removed beside other work, and no more of them once that is cancelled', async () => {
  for (const name of NAMES) aBackup(name)
  const cancelled = new AbortController()
  const removing = removeOld(dir, 2, cancelled.signal)
  cancelled.abort(new Error('cancelled'))
  await expect(removing).rejects.toThrow('cancelled')
  expect(listBackups(dir).map(({ name }) => name)).toEqual(NAMES.slice(1))
  expect(await removeOld(dir, 2)).toEqual(['2026-02-02', '2026-02-02.2'])
})

test('what was left by one that was killed goes, what another one writes stays', async () => {
  const [mine, fresh, old] = ['2026-02-01', '2026-02-02', '2026-02-03'].map((name) => {
    const folder = join(dir, partName(name))
    mkdirSync(folder)
    return folder
  })
  const longAgo = new Date(Date.now() - 3_600_000)
  utimesSync(old as string, longAgo, longAgo)
  await removeLeftovers(dir, '2026-02-01')
  expect(readdirSync(dir).map((name) => join(dir, name))).toEqual([fresh])
  expect(mine).toBeDefined()
})
