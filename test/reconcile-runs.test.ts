import type { Kysely } from 'kysely'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { insertClean } from './clean-rows.ts'
import type { CliRun } from './cli.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { runCli, startCli, useStack } from './harness.ts'

const own = useStack('database', 'topics', 'namespace')
let admin: pg.Pool
let db: Kysely<Database>
let worker: CliRun

async function startWorker(): Promise<CliRun> {
  const port = await freePort()
  const run = startCli(['worker'], { ...own.env, UPI_METRICS_PORT: String(port) })
  const readyz = `http://127.0.0.1:${port}/readyz`
  await eventually(async () => (await fetch(readyz)).ok, Boolean, 60_000)
  return run
}

beforeAll(async () => {
  admin = own.pool()
  db = createDatabase(own.pool())
  worker = await startWorker()
})

afterAll(async () => {
  worker.kill()
  expect((await worker.ended).code).toBe(0)
})

describe('./upi reconcile', () => {
  test('is balanced, or waits for a build, over traffic that goes on', async () => {
    const stream = startCli(['stream'], own.env)
    await runCli(['schema', 'register'], own.env)
    await runCli(['generate', '--count', '400', '--faults', '0.3'], own.env)
    const seen = () => admin.query('select count(*)::integer as rows from raw_upi_transactions')
    await eventually(async () => (await seen()).rows[0].rows > 300)
    const traffic = startCli(['generate', '--rate', '100'], own.env)
    const args = ['reconcile', '--from', 'yesterday', '--to', 'today']
    const { code, stdout, stderr } = await runCli(args, own.env)
    expect(code, stdout + stderr).toBe(0)
    expect(stdout).toMatch(/^fold +[\d,]+ messages +(balanced|waits)/m)
    expect(stdout).toMatch(/^daily_upi_summary +0 rows +pending/m)
    for (const run of [traffic, stream]) {
      run.kill()
      await run.ended
    }
  })

  test('goes on after a worker that was killed in the middle', async () => {
    const holder = await admin.connect()
    await holder.query('begin; lock table ops.minute_metrics')
    const run = startCli(['reconcile', '--from', '2026-01-01', '--to', '2026-01-31'], own.env)
    await eventually(async () => {
      const { rowCount } = await admin.query(`select from pg_stat_activity
        where datname = current_database() and usename = 'upi_ingest' and wait_event_type = 'Lock'`)
      return rowCount === 1
    })
    worker.kill('SIGKILL')
    await worker.ended
    await holder.query('rollback')
    holder.release()
    worker = await startWorker()
    const { code, stdout, stderr } = await run.ended
    expect(code, stdout + stderr).toBe(0)
  })

  test('says for machines what is wrong, keeps it, and exits with 1', async () => {
    await insertClean(db, { txn_id: 'NOBODY', at: '2026-01-10T10:00:00+05:30' })
    const args = ['reconcile', '--from', '2026-01-10', '--to', '2026-01-10', '--json']
    const { code, stdout } = await runCli(args, { ...own.env, UPI_ACTOR: 'asha' })
    expect(code).toBe(1)
    const { state, books } = JSON.parse(stdout)
    expect(state).toBe('broken')
    expect(books).toContainEqual(
      expect.objectContaining({ name: 'fold', state: 'broken', keys: ['NOBODY'] }),
    )
    const { rows } = await admin.query(
      `select book, wrong from ops.reconciliations where actor = 'asha' and state = 'broken' order by book`,
    )
    expect(rows).toContainEqual({ book: 'fold', wrong: '1' })
    const audit = await admin.query(`select subject from ops.audit_log where actor = 'asha'`)
    expect(audit.rows).toEqual([{ subject: '2026-01-10..2026-01-10' }])
  })

  test('refuses days that are none, or the wrong way round', async () => {
    expect((await runCli(['reconcile', '--from', '2026-02-30'], own.env)).code).toBe(2)
    const { code, stderr } = await runCli(
      ['reconcile', '--from', '2026-02-03', '--to', '2026-02-01'],
      own.env,
    )
    expect(code).toBe(2)
    expect(stderr).toContain('lies before')
  })
})
