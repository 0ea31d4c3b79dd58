import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { UpiError } from '../core/errors.ts'
import { listBackups } from '../platform/backup/backup-folder.ts'
import { restoreBackup } from '../platform/backup/restore-backup.ts'
import { takeBackup } from '../platform/backup/take-backup.ts'
import { verifyBackup } from '../platform/backup/verify-backup.ts'
import { type Config, type Needed, need } from '../platform/config.ts'
import { dayThatEnded } from '../workflows/business-day.ts'
import type { CliRun } from './cli.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { runCli, startCli, useStack } from './harness.ts'
import { withRestored } from './restored-server.ts'

const own = useStack('database', 'topics', 'namespace')
const TODAY = dayThatEnded(Date.now())
let admin: Pool
let dir: string
let worker: CliRun

beforeAll(async () => {
  admin = own.pool()
  dir = join(own.env.UPI_HOME as string, 'backups')
  worker = await startWorker()
})

afterAll(async () => {
  worker.kill()
  await worker.ended
})

async function startWorker(): Promise<CliRun> {
  const port = await freePort()
  const started = startCli(['worker'], { ...own.env, UPI_METRICS_PORT: String(port) })
  await eventually(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, Boolean, 60_000)
  return started
}

const backup = (...args: string[]) => runCli(['backup', ...args], own.env)

async function ran(...args: string[]) {
  const { code, stdout, stderr } = await backup('run', '--json', ...args)
  expect([code, stderr]).toEqual([0, expect.any(String)])
  return JSON.parse(stdout)
}

// The whole cluster is copied and read again, with the databases of all tests that run meanwhile.
const SLOW = { timeout: 240_000 }

describe('./upi backup', SLOW, () => {
  test('takes one through Temporal, verified; the second of a day says that it is there', async () => {
    expect((await backup('list')).stderr).toContain('no backups in')
    expect(await ran()).toMatchObject({ state: 'made', name: TODAY, removed: [], timeline: 1 })
    expect(await ran()).toMatchObject({ state: 'there', name: TODAY })
    expect((await backup('run')).stdout).toContain('is there already; --again takes one more')
    expect(readdirSync(dir)).toEqual([TODAY])
    const { rows } = await admin.query(`select action, subject from ops.audit_log limit 1`)
    expect(rows).toEqual([{ action: 'backup', subject: TODAY }])
  })

  test('takes one more when told so, lists and verifies them', async () => {
    expect(await ran('--again')).toMatchObject({ state: 'made', name: `${TODAY}.2` })
    const listed = JSON.parse((await backup('list', '--json')).stdout)
    expect(listed).toMatchObject([{ name: TODAY }, { name: `${TODAY}.2`, checksums: true }])
    expect((await backup('list')).stdout).toMatch(/whole\n.*whole\n/)
    const { code, stdout } = await backup('verify')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\.2 {2}whole {2}\d+ files, \d+ MiB/)])
  })

  test('is finished by the next worker when one is killed in the middle', async () => {
    const run = ran('--again')
    await eventually(() => readdirSync(dir).some((name) => name.endsWith('.part')))
    worker.kill('SIGKILL')
    await worker.ended
    expect(listBackups(dir)).toHaveLength(2)
    worker = await startWorker()
    expect(await run).toMatchObject({ state: 'made', name: `${TODAY}.3` })
    expect(readdirSync(dir)).toEqual([TODAY, `${TODAY}.2`, `${TODAY}.3`])
    await noSlots()
  })

  test('says what was wrong in one line', async () => {
    const wrong = await backup('restore')
    expect([wrong.code, wrong.stderr]).toEqual([2, 'upi: give either --to or --home\n'])
    const unknown = await backup('verify', '2020-01-01')
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(/^upi: there is no backup '2020-01-01' in .*; fix: [^\n]+\n$/),
    ])
    const home = await backup('restore', '--home', join(dir, '..'))
    expect([home.code, home.stderr]).toEqual([1, expect.stringContaining('has no secrets.json')])
    const taken = await backup('restore', '--to', dir)
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining('is not empty')])
  })
})

describe('a backup', SLOW, () => {
  test('restored, is the cluster as it was, tablespaces too', async () => {
    await admin.query('drop tablespace if exists upi_test_space')
    const client = await admin.connect()
    await client.query('set allow_in_place_tablespaces = on')
    await client.query(`create tablespace upi_test_space location ''`)
    client.release(true)
    onTestFinished(async () => {
      await admin.query('drop table apart')
      await admin.query('drop tablespace upi_test_space')
    })
    await admin.query(`create table apart tablespace upi_test_space as
      select i, repeat(md5(i::text), 20) as filling from generate_series(1, 20000) as i`)
    await admin.query('create unlogged table forgotten as select 1 as one')
    const { name } = await taken('2026-01-01')
    // Where another account, which runs Postgres for root, may walk to.
    const place = mkdtempSync(join(tmpdir(), 'upi-restored-'))
    chmodSync(place, 0o755)
    onTestFinished(() => rmSync(place, { recursive: true }))
    const target = join(place, 'data')
    const { code, stdout } = await backup('restore', name, '--to', target)
    expect([code, stdout]).toEqual([0, expect.stringContaining(`restored  to ${target}`)])
    const digest = `select md5(string_agg(apart::text, '' order by i)) as digest from apart`
    const { rows } = await admin.query(digest)
    await withRestored(target, own.env.DATABASE_URL as string, async (url) => {
      const { code, stdout } = await runCli(['migrate', 'status'], {
        ...own.env,
        DATABASE_URL: url,
      })
      expect([code, stdout]).toEqual([0, expect.stringContaining('applied')])
      expect(await queried(url, digest)).toEqual(rows)
      expect(await queried(url, 'select count(*)::int as rows from forgotten')).toEqual([
        { rows: 0 },
      ])
      expect(await queried(url, 'select slot_name from pg_replication_slots')).toEqual([])
    })
  })

  test('in which a byte was changed is found broken, and is not restored', async () => {
    const { name } = await taken('2026-01-02')
    const folder = join(dir, name)
    for (const part of readdirSync(folder)) {
      const path = join(folder, part)
      const bytes = readFileSync(path)
      for (const at of [3, bytes.length >> 1, bytes.length - 3]) {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ 0x10
        writeFileSync(path, changed)
        const faults = await verifyBackup(folder).then(
          (verified) => verified.faults,
          (fault: Error) => [fault.message],
        )
        expect(faults, `${part} at ${at}`).not.toEqual([])
      }
      writeFileSync(path, bytes.subarray(0, -1))
      const target = join(own.env.UPI_HOME as string, 'broken')
      const around = { folder, target, signal: new AbortController().signal, onBytes: () => {} }
      const fault = await faultOf(restoreBackup(around))
      expect(fault.code, part).toBe('BACKUP_BROKEN')
      expect(
        readdirSync(own.env.UPI_HOME as string).filter((entry) => /broken/.test(entry)),
      ).toEqual([])
      writeFileSync(path, bytes)
    }
    expect((await verifyBackup(folder)).faults).toEqual([])
    rmSync(join(folder, 'base.tar.zst'))
    expect((await backup('verify', name)).stderr).toMatch(/is broken: \d+ faults/)
  })

  test('that is cancelled leaves nothing behind', async () => {
    const stop = new AbortController()
    const wish = { signal: stop.signal, onProgress: () => stop.abort() }
    await expect(taken('2026-01-03', { wish })).rejects.toThrow()
    expect(readdirSync(dir).filter((name) => name.includes('2026-01-03'))).toEqual([])
    await noSlots()
  })
})

describe('where it cannot be taken', () => {
  test('a disk that would be full is left as it was', async () => {
    const wish = { freeBytesMin: Number.MAX_SAFE_INTEGER }
    const fault = await faultOf(taken('2026-01-04', { wish }))
    expect(fault).toMatchObject({ code: 'DISK_FULL', fix: expect.stringContaining('make room') })
    expect(readdirSync(dir).filter((name) => name.includes('2026-01-04'))).toEqual([])
  })

  test('a folder that cannot be written is named', async () => {
    const file = join(own.env.UPI_HOME as string, 'a-file')
    writeFileSync(file, '')
    const config = own.configFor({ UPI_BACKUP_DIR: join(file, 'backups') })
    expect(await faultOf(taken('2026-01-05', { config }))).toMatchObject({
      code: 'BACKUP_UNWRITABLE',
      message: expect.stringContaining('cannot be written'),
    })
  })

  test('a role without REPLICATION is told what it lacks', async () => {
    const url = own.env.REPORT_DATABASE_URL as string
    const config = own.configFor({ BACKUP_DATABASE_URL: url })
    expect(await faultOf(taken('2026-01-06', { config }))).toMatchObject({
      code: 'POSTGRES_RIGHTS',
      fix: expect.stringContaining('alter role upi_backup replication'),
    })
  })

  test('a server that is away is an outage', async () => {
    const url = `postgres://upi_backup:x@127.0.0.1:${await freePort()}/upi`
    const config = own.configFor({ BACKUP_DATABASE_URL: url })
    const fault = await faultOf(taken('2026-01-07', { config }))
    expect(fault).toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
    expect(existsSync(join(dir, '2026-01-07'))).toBe(false)
  })
})

async function taken(
  date: string,
  { config = own.configFor(), wish = {} }: { config?: Config; wish?: object } = {},
) {
  const { signal } = new AbortController()
  const around = { date, again: false, run: date, signal, onProgress: () => {}, ...wish }
  const place = need(config, 'backupDatabaseUrl', 'backupDir')
  const { record } = await takeBackup(place as Needed<'backupDatabaseUrl' | 'backupDir'>, around)
  return record
}

async function faultOf(work: Promise<unknown>): Promise<UpiError> {
  return await work.then(
    () => {
      throw new Error('it was taken')
    },
    (fault: UpiError) => fault,
  )
}

async function queried(url: string, text: string): Promise<unknown[]> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return await client
    .query(text)
    .then(({ rows }) => rows)
    .finally(() => client.end())
}

async function noSlots(): Promise<void> {
  await eventually(async () => {
    const { rows } = await admin.query(
      `select 1 from pg_replication_slots where slot_name like 'upi_backup%'`,
    )
    return rows.length === 0
  })
}
