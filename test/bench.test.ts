import { expect, test } from 'vitest'
import { emptyTally, mixMessages, SHARES } from './bench/message-mix.ts'
import { runCli, useStack } from './harness.ts'

const own = useStack('database')

test('bench ingest runs a worker and the floor over the same messages, and finds its books balanced', async () => {
  const options = ['--count', '3000', '--runs', '1', '--partitions', '1', '--no-save']
  const { code, stdout, stderr } = await runCli(['bench', 'ingest', ...options], own.env)
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/^one worker, 1 partition +\d+ /m)
  expect(stdout).toMatch(/^floor: COPY as migrated +\d+ /m)
  expect(stdout).toContain('3000 messages of')
  expect(stdout).toContain('books balanced')
})

test('bench ingest with viewers shows them the dashboard, and says what that costs', async () => {
  const options = ['--count', '3000', '--runs', '1', '--viewers', '3', '--no-save']
  const { code, stdout, stderr } = await runCli(['bench', 'ingest', ...options], own.env)
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/^one worker, 3 partitions, no viewers +\d+ /m)
  expect(stdout).toMatch(/^one worker, 3 partitions, 3 viewers +\d+ /m)
  expect(stdout).toMatch(/^3 viewers of UPI live, every 5 s 11 questions with \d{3,} rows/m)
  expect(stdout).toMatch(/^They cost -?[\d.]+ % of the rate/m)
})

test('bench latency follows payments from Kafka to their rows', async () => {
  const options = ['--rate', '50', '--seconds', '1', '--kill', '0', '--no-save']
  const { code, stdout, stderr } = await runCli(['bench', 'latency', ...options], own.env)
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/^Kafka's timestamp to visible row +[\d.]+ ms/m)
  expect(stdout).toContain('offsets = raw = books')
})

test('the messages of bench ingest are the same each time, and have the shares that are claimed', () => {
  const options = { seed: 'test', from: Date.parse('2026-01-10T12:00:00+05:30'), count: 20_000 }
  const [tally, again] = [emptyTally(), emptyTally()]
  const messages = [...mixMessages(options, tally)]
  expect([...mixMessages(options, again)]).toEqual(messages)
  expect(messages).toHaveLength(options.count)
  for (const name of ['updates', 'duplicates', 'malformed'] as const) {
    const ofClaim = tally[name] / options.count / SHARES[name]
    expect(ofClaim, name).toBeGreaterThan(0.8)
    expect(ofClaim, name).toBeLessThan(1.2)
  }
})
