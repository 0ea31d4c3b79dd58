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
let rules: Rules
const LETTERS = 3_000
let pool: pg.Pool
const workers: CliRun[] = []

beforeAll(async () => {
  pool = own.pool()
  const { schemaOf } = RULES
  rules = rulesOf(need(own.configFor(), 'piiKey'), schemaOf)
  const topic = new SinkTopic(own.name, { ...rules, amountLimitPaise: 1_500n })
  const sink = await topic.sink(sinkPool(own))
  for (const partition of [0, 1, 2]) {
    const messages = Array.from({ length: LETTERS / 3 }, (_, i) => ({
      fields: { txn_id: `${partition}L${i % 700}`, amount: '20.00' },
    }))
    await topic.send(sink, partition, ...messages)
  }
  await startWorker()
})

afterAll(async () => {
  const last = workers.at(-1)
  last?.kill()
  expect((await last?.ended)?.code).toBe(0)
})

async function startWorker(): Promise<void> {
  const port = await freePort()
  workers.push(startCli(['worker'], { ...own.env, UPI_METRICS_PORT: String(port) }))
  const readyz = `http://127.0.0.1:${port}/readyz`
  await eventually(async () => (await fetch(readyz)).ok, Boolean, 60_000)
}

async function replay(...args: string[]) {
  return await runCli(['rejected', 'replay', ...args], { ...own.env, UPI_ACTOR: 'meera' })
}

async function replayed(): Promise<number> {
  const { rows } = await pool.query(
    `select count(*)::integer as n from rejected_upi_transactions where resolution = 'replayed'`,
  )
  return rows[0].n
}

test('the dry run, by place, tells what would become of a letter and writes nothing', async () => {
  const { code, stdout, stderr } = await replay('--dry-run', '--id', `${own.name}:0:7`)
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/AMOUNT_OVER_LIMIT +accepted +1/)
  expect(stderr).toContain('1 of 1 would be accepted; nothing was written')
  expect(await replayed()).toBe(0)
  expect((await replay('--id', `${own.name}:0:999999`)).code).toBe(1)
  expect((await replay('--id', '0:7')).code).toBe(2)
})

test('a worker that is killed in the middle loses and doubles nothing, and every letter is told of', async () => {
  const run = replay('--json', '--code', 'AMOUNT_OVER_LIMIT', '--since', '2026-01-01')
  await eventually(replayed, (letters) => letters > 0)
  workers.at(-1)?.kill('SIGKILL')
  await startWorker()
  const { code, stdout, stderr } = await run
  expect(code, stderr).toBe(0)
  const { letters, counts, first } = JSON.parse(stdout)
  expect(letters).toBe(LETTERS)
  expect(counts).toEqual([
    { code: 'AMOUNT_OVER_LIMIT', outcome: 'accepted', reason: null, letters: LETTERS },
  ])
  expect(first).toHaveLength(1_000)
  expect(await replayed()).toBe(LETTERS)
  const { rows } = await pool.query(
    `select sum(accepted)::integer as accepted, sum(rejected)::integer as rejected
       from ops.stream_batches where kind = 'replay'`,
  )
  expect(rows).toEqual([{ accepted: LETTERS, rejected: -LETTERS }])
  const books = await checkBooks(
    pool,
    createReadAgain(rules, async () => {}),
  )
  expect(books.filter(({ state }) => state !== 'balanced')).toEqual([])
}, 90_000)
