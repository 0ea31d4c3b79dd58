import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addDays } from '../core/time.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { wrongMarts } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import type { CliRun } from './cli.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { runCli, startCli, useStack } from './harness.ts'

const own = useStack('database', 'topics', 'namespace')
let admin: Kysely<Database>
let worker: CliRun
let address: string

beforeAll(async () => {
  admin = createDatabase(own.pool())
  await startWorker()
})

afterAll(async () => {
  worker.kill()
  expect((await worker.ended).code).toBe(0)
})

describe('./upi backfill', () => {
  test('shows with --dry-run each day and why, and starts nothing', async () => {
    await markDays({ '2025-01-02': 'closed', '2025-01-03': 'archived' })
    const { code, stdout } = await backfill('2025-01-01', '2025-01-04', '--dry-run')
    expect(code).toBe(0)
    expect(stdout).toMatch(/build +2025-01-04 +never built\nbuild +2025-01-02 +never built\n/)
    expect(stdout).toMatch(/skip +2025-01-03 +never built, but archived/)
    expect(stdout).toContain('3 to build, 1 skipped, 0 up to date')
    expect(await builds('2025-01-01', '2025-01-04')).toEqual({})
  })

  test('builds and closes all days of a month; again, it does nothing and says so', async () => {
    await pay('2025-03-05', '2025-03-06', '2025-03-20')
    const first = await backfill('2025-03-01', '2025-03-31')
    expect(first.stdout).toContain('done: 31 of 31 days built and closed')
    expect(first.code).toBe(0)
    const before = await countRuns()
    const again = await backfill('2025-03-01', '2025-03-31')
    expect(again.code).toBe(0)
    expect(again.stdout).toContain('nothing to do: 31 days are up to date')
    expect(await countRuns()).toBe(before)
    expect(await stateOf('2025-03-01', '2025-03-31')).toEqual({ closed: 31 })
    expect(await wrongMarts(admin)).toEqual([])
  })

  test('builds a day again that has changed since it was closed', async () => {
    await pay('2025-03-06')
    expect((await runCli(['models', 'run'], own.env)).code).toBe(0)
    expect(await stateOf('2025-03-06', '2025-03-06')).toEqual({ revised: 1 })
    const { stdout } = await backfill('2025-03-01', '2025-03-31', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ state: 'done', total: 1, upToDate: 30 })
    expect(await stateOf('2025-03-06', '2025-03-06')).toEqual({ closed: 1 })
  })

  test('builds no day twice at once when backfills overlap and a daily run comes between', async () => {
    const days = Array.from({ length: 12 }, (_, i) => addDays('2025-05-01', i))
    await pay(...days)
    const outcomes = await Promise.all([
      backfill('2025-05-01', '2025-05-12', '--concurrency', '3'),
      backfill('2025-05-03', '2025-05-12', '--order', 'oldest'),
      runCli(['aggregate', '--date', '2025-05-07'], own.env),
    ])
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0])
    const { '2025-05-07': asked, ...others } = await builds('2025-05-01', '2025-05-12')
    // Once at most for each who asks for it.
    expect(asked).toBeLessThanOrEqual(3)
    expect(Math.max(...Object.values(others))).toBeLessThanOrEqual(2)
    expect(await overlaps()).toEqual([])
    expect(await stateOf('2025-05-01', '2025-05-12')).toEqual({ closed: 12 })
    expect(await wrongMarts(admin)).toEqual([])
  })

  test('goes on by itself after a kill -9 of the worker, each day as if nothing had happened', async () => {
    const days = Array.from({ length: 20 }, (_, i) => addDays('2025-07-01', i))
    await pay(...days)
    await backfill('2025-07-01', '2025-07-20', '--detach')
    await eventually(async () => Object.keys(await builds('2025-07-01', '2025-07-20')).length > 2)
    worker.kill('SIGKILL')
    await worker.ended
    await startWorker()
    const { code, stdout } = await backfill('2025-07-01', '2025-07-20')
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^(done|nothing to do): (20|20 of 20) days/),
    ])
    expect(await stateOf('2025-07-01', '2025-07-20')).toEqual({ closed: 20 })
    expect(Object.values(await builds('2025-07-01', '2025-07-20'))).toEqual(days.map(() => 1))
    expect(await wrongMarts(admin)).toEqual([])
  }, 90_000)

  test('can be looked at, paused and cancelled', async () => {
    const id = 'backfill/2020-01-01..2022-12-31'
    await backfill('2020-01-01', '2022-12-31', '--concurrency', '1', '--detach')
    expect((await runCli(['backfill', 'pause', id], own.env)).code).toBe(0)
    const [again, shown] = await Promise.all([
      runCli(['backfill', 'pause', id], own.env),
      runCli(['backfill', 'status', '2020-01-01..2022-12-31', '--json'], own.env),
    ])
    expect([again.code, again.stderr]).toEqual([2, `upi: ${id}: it is paused already\n`])
    expect(JSON.parse(shown.stdout)).toMatchObject({ state: 'paused', total: 1096 })
    expect((await runCli(['backfill', 'cancel', id], own.env)).code).toBe(0)
    expect((await runCli(['backfill', 'status'], own.env)).stdout).toMatch(
      new RegExp(`${id} +cancelled`),
    )
    const closed = (await stateOf('2020-01-01', '2022-12-31')).closed ?? 0
    expect(Object.keys(await builds('2020-01-01', '2022-12-31'))).toHaveLength(closed)
  }, 90_000)

  test('goes on after Ctrl-C; cancelled, it ends when its days have been given up on the server', async () => {
    const id = 'backfill/2025-09-01..2025-09-01'
    await pay('2025-09-01')
    await whileHeld('2025-09-01', async () => {
      const run = startCli(['backfill', '--from', '2025-09-01', '--to', '2025-09-01'], own.env)
      await eventually(async () => (await waitingForLocks()) === 1)
      run.kill('SIGINT')
      const { code: left, stderr } = await run.ended
      expect([left, stderr]).toEqual([130, expect.stringContaining(`detached; ${id} goes on`)])
      expect(await waitingForLocks()).toBe(1)
      const { code } = await runCli(['backfill', 'cancel', id], own.env)
      expect([code, await waitingForLocks()]).toEqual([0, 0])
    })
    expect(await builds('2025-09-01', '2025-09-01')).toEqual({})
  })

  test('a worker that is told to stop ends the day that it has in hand', async () => {
    await pay('2025-10-01')
    await whileHeld('2025-10-01', async () => {
      await backfill('2025-10-01', '2025-10-01', '--detach')
      await eventually(async () => (await waitingForLocks()) === 1)
      worker.kill()
      await eventually(async () => !(await fetch(`http://${address}/readyz`)).ok)
    })
    expect((await worker.ended).code).toBe(0)
    expect(await builds('2025-10-01', '2025-10-01')).toEqual({ '2025-10-01': 1 })
    await startWorker()
  })

  test('says that no worker answers, and does not wait for one', async () => {
    const env = { ...own.env, UPI_TASK_QUEUE: `${own.name}-nobody` }
    const range = '2025-11-01..2025-11-02'
    const days = ['--from', '2025-11-01', '--to', '2025-11-02']
    expect((await runCli(['backfill', ...days, '--detach'], env)).code).toBe(0)
    const asked = [['status'], ['pause'], ['cancel']].map((verb) =>
      runCli(['backfill', ...verb, range], env),
    )
    for (const { code, stderr } of await Promise.all(asked)) {
      expect([code, stderr]).toEqual([
        3,
        expect.stringMatching(/no worker (answers|takes).*backfill/),
      ])
    }
  })

  test('refuses what it cannot mean', async () => {
    const [none, backwards] = await Promise.all([
      runCli(['backfill'], own.env),
      backfill('2025-03-31', '2025-03-01'),
    ])
    expect([none.code, backwards.code]).toEqual([2, 2])
    expect(none.stderr).toContain('--from and --to are needed')
    expect(backwards.stderr).toContain('lies before')
  })

  test('the worker serves what Temporal’s library counts', async () => {
    const text = await (await fetch(`http://${address}/metrics`)).text()
    expect(text).toMatch(/^process_cpu_seconds_total /m)
    expect(text).toMatch(/^temporal_worker_task_slots_available\{.*task_queue="\S+-heavy".*\} \d/m)
  })
})

async function startWorker(): Promise<void> {
  const port = await freePort()
  address = `127.0.0.1:${port}`
  worker = startCli(['worker'], { ...own.env, UPI_METRICS_PORT: String(port) })
  await eventually(async () => (await fetch(`http://${address}/readyz`)).ok, Boolean, 60_000)
}

async function backfill(from: string, to: string, ...options: readonly string[]) {
  return await runCli(['backfill', '--from', from, '--to', to, ...options], own.env)
}

async function pay(...days: readonly string[]): Promise<void> {
  await insertClean(admin, ...days.map((day) => ({ at: `${day}T12:00:00+05:30` })))
}

async function markDays(days: Readonly<Record<string, 'closed' | 'archived'>>): Promise<void> {
  for (const [date, mark] of Object.entries(days)) {
    await sql`insert into ops.days (business_date, state, closed_at, archived_at)
      values (${date}, 'closed', now(), ${mark === 'archived' ? new Date() : null})`.execute(admin)
  }
}

async function stateOf(from: string, to: string): Promise<Record<string, number>> {
  const { rows } = await sql<{ state: string; days: number }>`
    select state, count(*)::integer as days from ops.days
    where business_date between ${from} and ${to} group by state`.execute(admin)
  return Object.fromEntries(rows.map(({ state, days }) => [state, days]))
}

/** How often each day was built. */
async function builds(from: string, to: string): Promise<Record<string, number>> {
  const { rows } = await sql<{ day: string; times: number }>`
    select business_date as day, count(*)::integer as times from ops.model_runs
    where model = 'daily_upi_summary' and business_date between ${from} and ${to}
    group by 1 order by 1`.execute(admin)
  return Object.fromEntries(rows.map(({ day, times }) => [day, times]))
}

/** Days of which one build began before another had ended: those of a day come one after the other. */
async function overlaps(): Promise<unknown[]> {
  const { rows } = await sql`select a.business_date, a.run_id, b.run_id
    from ops.model_runs as a join ops.model_runs as b
      on (a.model, a.business_date) = (b.model, b.business_date) and a.run_id < b.run_id
    where b.finished_at - make_interval(secs => b.seconds::float8) < a.finished_at`.execute(admin)
  return rows
}

/** Does something while somebody else has a day in hand. */
async function whileHeld(date: string, work: () => Promise<void>): Promise<void> {
  await admin.connection().execute(async (holder) => {
    await sql`select pg_advisory_lock(hashtextextended(${`upi:day:${date}`}, 0))`.execute(holder)
    await work()
    await sql`select pg_advisory_unlock_all()`.execute(holder)
  })
}

async function waitingForLocks(): Promise<number> {
  const { rows } = await sql`select from pg_stat_activity
    where datname = current_database() and wait_event = 'advisory'`.execute(admin)
  return rows.length
}

async function countRuns(): Promise<string> {
  const { rows } = await sql<{ runs: string }>`select count(*) as runs from ops.model_runs`.execute(
    admin,
  )
  return rows[0]?.runs ?? ''
}
