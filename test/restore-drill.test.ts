import { rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { takeBackup } from '../platform/backup/take-backup.ts'
import { need } from '../platform/config.ts'
import { stopStack } from '../platform/stack/index.ts'
import { brokenBooks } from './books.ts'
import { type PrivateStack, startPrivateStack } from './chaos/private-stack.ts'
import { eventually } from './eventually.ts'
import { runCli, startCli } from './harness.ts'

let stack: PrivateStack

beforeAll(async () => {
  stack = await startPrivateStack({})
})

afterAll(() => stack.stop({ keep: false }))

const PARTS = 'postgres,kafka,registry'
const COUNT = 5_000
const RATE = 2_000

test('a cluster that is lost comes back from its backup, and the stream goes on without loss or doubling', async () => {
  const stream = startCli(['stream'], stack.env)
  await command('generate', '--count', String(COUNT), '--seed', 'a', '--faults', '0.05')
  await caughtUp()
  await command('models', 'run')

  const load = startCli(['generate', '--rate', String(RATE), '--faults', '0.05'], stack.env)
  const rowsBefore = await rawRows()
  await eventually(async () => (await rawRows()) > rowsBefore, Boolean, 30_000)
  const { signal } = new AbortController()
  const place = need(stack.config, 'backupDatabaseUrl', 'backupDir')
  const wish = { date: '2026-02-01', again: false, run: 'drill', signal, onProgress: () => {} }
  const { record } = await takeBackup(place, wish)
  const rowsAfter = await rawRows()
  load.kill()
  await load.ended
  await command('generate', '--count', String(COUNT), '--seed', 'b', '--faults', '0.05')
  await caughtUp()
  await command('models', 'run')
  const original = await contents(ALL)
  stream.kill()
  expect((await stream.ended).code).toBe(0)

  await stopStack(stack.home)
  rmSync(join(stack.home, 'postgres'), { recursive: true })
  await command('backup', 'restore', '--home', stack.home)
  await command('up', '--detach', '--no-traffic', '--only', PARTS)
  const restoredRows = await rawRows()
  expect(restoredRows).toBeGreaterThan(rowsBefore)
  expect(restoredRows).toBeLessThanOrEqual(rowsAfter)
  await queryAll(async (pool) => expect(await brokenBooks(pool)).toEqual([]))
  expect(await systemId()).toBe(record.system_id)

  expect(await lag()).toBeGreaterThanOrEqual(COUNT)
  const again = startCli(['stream'], stack.env)
  await caughtUp()
  again.kill()
  expect((await again.ended).code).toBe(0)
  await queryAll(async (pool) => expect(await brokenBooks(pool)).toEqual([]))
  expect(await contents(STREAMED)).toEqual(original.slice(0, STREAMED.length))

  // Discovery has its snapshot from before the backup: what came since then, and only that, is built.
  await command('models', 'run')
  expect(await contents(ALL)).toEqual(original)
  await command('models', 'run', '--full-refresh')
  expect(await contents(ALL)).toEqual(original)
}, 300_000)

// What was accepted when is no part of what is true.
const STREAMED = [
  `select topic, epoch, kafka_partition, kafka_offset, kafka_timestamp, message_key, payload,
     payload_bytes, txn_id, business_date from raw_upi_transactions`,
  `select to_jsonb(c) - 'first_seen_at' - 'changed_at' - 'changed_xid' from clean_upi_transactions c`,
  `select to_jsonb(r) - 'rejected_at' - 'relayed_at' from rejected_upi_transactions r`,
  'select kafka_partition, next_offset from ops.stream_offsets',
]
const MARTS = [
  'fact_upi_aggregates',
  'daily_upi_summary',
  'hourly_upi_summary',
  'merchant_upi_summary',
  'dim_merchants',
  'handle_upi_summary',
  'bank_upi_summary',
  'category_upi_summary',
  'decline_upi_summary',
  'settlement_upi_summary',
]
const ALL = [
  ...STREAMED,
  ...MARTS.map((mart) => `select to_jsonb(m) - 'changed_xid' - 'built_at' from ${mart} m`),
]

/** How many rows each query gives, and a digest of them whatever their order. */
async function contents(queries: readonly string[]): Promise<unknown[]> {
  return await queryAll(async (pool) => {
    const found: unknown[] = []
    for (const query of queries) {
      const { rows } = await pool.query(
        `select count(*)::int as rows, md5(string_agg(r::text, '' order by r::text)) as digest
           from (${query}) as r`,
      )
      found.push({ query, ...rows[0] })
    }
    return found
  })
}

async function rawRows(): Promise<number> {
  return await queryAll(async (pool) => {
    const { rows } = await pool.query('select count(*)::int as rows from raw_upi_transactions')
    return rows[0]?.rows ?? 0
  })
}

async function systemId(): Promise<string> {
  return await queryAll(async (pool) => {
    const { rows } = await pool.query(
      'select system_identifier::text as id from pg_control_system()',
    )
    return rows[0]?.id
  })
}

async function queryAll<T>(work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: stack.config.databaseUrl, max: 2 })
  pool.on('error', () => {})
  return await work(pool).finally(() => pool.end())
}

/** Waits until the stream has written all that Kafka holds. */
async function caughtUp(): Promise<void> {
  await eventually(async () => (await lag()) === 0, Boolean, 60_000)
}

async function lag(): Promise<number> {
  const { stdout } = await runCli(['offsets', 'list', '--json'], stack.env)
  const { partitions } = JSON.parse(stdout) as { partitions: { lag: number | null }[] }
  return partitions.reduce((sum, { lag: left }) => sum + (left ?? 1), 0)
}

async function command(...args: string[]): Promise<void> {
  const { code, stderr } = await runCli(args, stack.env)
  expect([code, code === 0 ? '' : stderr], args.join(' ')).toEqual([0, ''])
}
