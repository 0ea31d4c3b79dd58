import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkBooks } from '../platform/books/check-books.ts'
import { need } from '../platform/config.ts'
import type { Rules } from '../streaming/processor.ts'
import { createReadAgain } from '../streaming/read-again.ts'
import { rulesOf } from '../streaming/rules.ts'
import type { CliRun } from './cli.ts'
import { eventually } from './eventually.ts'
import { RULES } from './fixtures/records.ts'
import { freePort } from './free-port.ts'
import { runCli, startCli, useStack } from './harness.ts'
import { SinkTopic, sinkPool } from './sink-topic.ts'

const own = useStack('database', 'topics', 'namespace')
const ROWS = 4_000
const DAY = '2026-02-01'
let pool: pg.Pool
let ingest: pg.Pool
let topic: SinkTopic
let rules: Rules
const workers: CliRun[] = []

beforeAll(async () => {
  pool = own.pool()
  ingest = sinkPool(own)
  const { schemaOf } = RULES
  rules = rulesOf(need(own.configFor(), 'piiKey'), schemaOf)
  topic = new SinkTopic(own.name, rules)
  const sink = await topic.sink(ingest)
  await topic.send(sink, 0, ...messagesOf(ROWS, 'PENDING'))
  await startWorker()
})

afterAll(async () => {
  const last = workers.at(-1)
  last?.kill()
  expect((await last?.ended)?.code).toBe(0)
})

function messagesOf(count: number, status: string) {
  return Array.from({ length: count }, (_, i) => ({
    fields: { txn_id: `T${i}`, status },
    key: null,
  }))
}

async function startWorker(): Promise<void> {
  const port = await freePort()
  workers.push(startCli(['worker'], { ...own.env, UPI_METRICS_PORT: String(port) }))
  const readyz = `http://127.0.0.1:${port}/readyz`
  await eventually(async () => (await fetch(readyz)).ok, Boolean, 60_000)
}

async function rebuild(...args: string[]) {
  const all = ['rebuild', '--from', DAY, '--to', DAY, ...args]
  return await runCli(all, { ...own.env, UPI_ACTOR: 'meera' })
}

async function count(sql: string): Promise<number> {
  return (await pool.query(`select count(*)::integer as n from ${sql}`)).rows[0].n
}

test('days that are right are left as they are, and that is said', async () => {
  const { code, stdout, stderr } = await rebuild()
  expect(code, stderr).toBe(0)
  expect(stdout).toBe('')
  expect(stderr).toContain('0 of 4,000 transactions changed, by rules 1-')
  expect(stderr).not.toContain('built again')
  expect((await runCli(['rebuild', '--from', DAY], own.env)).code).toBe(2)
})

test('what would change is shown by reason, and nothing is written', async () => {
  await pool.query(`update clean_upi_transactions set city = 'X'`)
  const { code, stdout, stderr } = await rebuild('--dry-run')
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/2026-02-01 +rules changed: city +4,000 +T0 T1\n/)
  expect(stderr).toContain('4,000 of 4,000 transactions would change; nothing was written')
  expect(await count(`clean_upi_transactions where city = 'X'`)).toBe(ROWS)
})

test('a worker that is killed in the middle, while the stream writes the same rows, loses nothing', async () => {
  const run = rebuild('--json')
  await eventually(
    () => count(`ops.audit_log where action = 'rebuild step'`),
    (steps) => steps > 1,
  )
  workers.at(-1)?.kill('SIGKILL')
  const sink = await topic.sink(ingest)
  const stream = (async () => {
    for (let part = 0; part < 20; part++) {
      const messages = messagesOf(ROWS, 'SUCCESS').slice(part * 200, (part + 1) * 200)
      await topic.send(sink, 1, ...messages)
    }
  })()
  await Promise.all([startWorker(), stream])
  const { code, stdout, stderr } = await run
  expect(code, stderr).toBe(0)
  const { days, built } = JSON.parse(stdout)
  expect(days).toMatchObject([
    { date: DAY, changed: ROWS, reasons: { 'rules changed: city': { transactions: ROWS } } },
  ])
  expect(built).toEqual([DAY])
  expect(await count(`clean_upi_transactions where city is null and messages = 2`)).toBe(ROWS)
  expect(await count(`ops.audit_log where action = 'rebuild' and actor = 'meera'`)).toBe(3)
  const books = await checkBooks(
    pool,
    createReadAgain(rules, async () => {}),
  )
  expect(books.filter(({ state }) => state !== 'balanced')).toEqual([])
}, 90_000)
