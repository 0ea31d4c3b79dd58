import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { dayThatEnded } from '../workflows/business-day.ts'
import { insertClean } from './clean-rows.ts'
import type { CliRun } from './cli.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { runCli, startCli, useStack } from './harness.ts'

const own = useStack('database', 'topics', 'namespace')
const DAY = '2026-02-01'
let admin: Kysely<Database>
let worker: CliRun
let readyz: string

beforeAll(async () => {
  admin = createDatabase(own.pool())
  const port = await freePort()
  readyz = `http://127.0.0.1:${port}/readyz`
  worker = startCli(['worker'], { ...own.env, UPI_METRICS_PORT: String(port) })
  await eventually(async () => (await fetch(readyz)).ok, Boolean, 60_000)
})

afterAll(async () => {
  worker.kill()
  expect((await worker.ended).code).toBe(0)
})

describe('./upi aggregate', () => {
  test('prints the figures of the day, equal to SQL over clean', async () => {
    await insertClean(
      admin,
      { amount: '1234567.80' },
      { amount: '0.20', status: 'FAILED', decline_class: 'TD' },
      { amount: '100.00', type: 'REFUND', payer: 'chaishop@ybl', payee: 'as***k@okhdfcbank' },
    )
    const { code, stdout, stderr } = await runCli(['aggregate', '--date', DAY], own.env)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^2026-02-01 {2}closed/)
    expect(stdout).toMatch(/payments +2\n/)
    expect(stdout).toMatch(/success +1 +50\.00 %/)
    expect(stdout).toContain('₹ 12,34,567.80')
    expect(stdout).toMatch(/amount, net +₹ 12,34,467\.80/)
    // The live figures know nothing of rows that came by hand.
    expect(stderr).toContain(`books broken; fix: ./upi reconcile --from ${DAY} --to ${DAY}`)
  })

  test('prints them for machines', async () => {
    const { stdout } = await runCli(['aggregate', '--date', DAY, '--json'], own.env)
    const { rows } = await sql<{ txns: string; amount: string }>`
      select count(*) as txns, sum(amount) filter (where status = 'SUCCESS') as amount
      from clean_upi_transactions where business_date = ${DAY} and type <> 'REFUND'`.execute(admin)
    expect(JSON.parse(stdout)).toMatchObject({
      date: DAY,
      state: 'closed',
      revision: 0,
      total_txns: Number(rows[0]?.txns),
      total_amount: rows[0]?.amount,
      success_rate: '0.500000',
      p50_latency_ms: null,
    })
  })

  test('writes down who asked, and marks the day closed once', async () => {
    const actor = { UPI_ACTOR: 'asha' }
    await runCli(['aggregate', '--date', '2026-01-05'], { ...own.env, ...actor })
    await runCli(['aggregate', '--date', '2026-01-05'], own.env)
    const audit = await admin
      .selectFrom('ops.audit_log')
      .select(['action', 'subject'])
      .where('actor', '=', 'asha')
      .execute()
    expect(audit).toEqual([{ action: 'aggregate', subject: '2026-01-05' }])
    const days = admin.selectFrom('ops.days').select(['state', 'closed_by'])
    expect(await days.where('business_date', '=', '2026-01-05').execute()).toEqual([
      { state: 'closed', closed_by: 'asha' },
    ])
  })

  test('says so of a day without traffic, and takes yesterday when none is given', async () => {
    const { code, stdout } = await runCli(['aggregate'], own.env)
    expect(code).toBe(0)
    expect(stdout).toContain(dayThatEnded(Date.now()))
    expect(stdout).toContain('no traffic on this day')
  })

  test('is one run when two ask at once', async () => {
    const ask = () => runCli(['aggregate', '--date', '2026-01-07', '--json'], own.env)
    const [first, second] = await Promise.all([ask(), ask()])
    expect([first.code, second.code]).toEqual([0, 0])
    expect(first.stdout).toBe(second.stdout)
  })

  test('says which promise a mart breaks, writes each of them down, and closes nothing', async () => {
    const day = '2026-01-11'
    await insertClean(admin, { at: `${day}T12:00:00+05:30`, payee: 'bookshop@ybl' })
    expect((await runCli(['models', 'run'], own.env)).code).toBe(0)
    await sql`update dim_merchants set active_days = 9999, successful_transactions = 9999
      where merchant_id = 'bookshop@ybl'`.execute(admin)
    const { code, stderr } = await runCli(['aggregate', '--date', day], own.env)
    expect(code).toBe(1)
    expect(stderr).toContain('dim_merchants: no more active days than days: 1 bad rows')
    const { rows } = await sql`select error from ops.model_runs
      where model = 'dim_merchants' and state = 'failed' order by run_id`.execute(admin)
    expect(rows).toEqual([
      { error: 'no more active days than days: 1 bad rows' },
      { error: 'no more successes than payments: 1 bad rows' },
      { error: 'agrees with merchant_upi_summary: 1 bad rows' },
    ])
    const open = admin.selectFrom('ops.days').select('state').where('business_date', '=', day)
    expect(await open.execute()).toEqual([])
    expect((await runCli(['aggregate', '--date', day], own.env)).code).toBe(0)
  })

  test('refuses a day that does not exist', async () => {
    const { code, stderr } = await runCli(['aggregate', '--date', '2026-02-30'], own.env)
    expect(code).toBe(2)
    expect(stderr).toContain("'2026-02-30' is not a day")
  })

  test('says in one line that Temporal is away', async () => {
    const away = { TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` }
    const { code, stderr } = await runCli(['aggregate'], { ...own.env, ...away })
    expect(code).toBe(3)
    expect(stderr).toMatch(/^upi: Temporal at 127\.0\.0\.1:\d+ does not answer; fix: [^\n]+\n$/)
  })

  test('does not wait for ever when no worker takes the work', async () => {
    const alone = { ...own.env, UPI_TASK_QUEUE: 'nobody' }
    const { code, stderr } = await runCli(['aggregate', '--date', '2026-01-09'], alone)
    expect(code).toBe(3)
    expect(stderr).toContain('waits for a worker')
    expect(stderr).toContain(
      'no worker takes daily-upi-aggregation/2026-01-09 from task queue nobody',
    )
  })
})
