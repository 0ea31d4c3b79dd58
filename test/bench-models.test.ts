import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHECKOUT } from '../platform/config.ts'
import { hasPsql } from './bench/model-floor.ts'
import { runCli, useStack } from './harness.ts'

const own = useStack('database')
const DBT_MODELS = join(CHECKOUT, 'test/bench/dbt/models')

test('bench models builds the marts, and psql the same', async () => {
  const options = ['--rows', '3000', '--days', '3', '--merchants', '50', '--runs', '1', '--no-save']
  if (!hasPsql()) options.push('--no-floor')
  const { code, stdout, stderr } = await runCli(['bench', 'models', ...options], own.env)
  expect(code, stderr).toBe(0)
  for (const task of ['full build', 'one dirty day', 'one late row', 'nothing to do', 'all days']) {
    expect(stdout).toMatch(new RegExp(`^${task}.* \\d+\\.\\d\\d`, 'm'))
  }
  expect(stdout).toContain('3000 transactions on 3 days')
})

test("dbt's models are SQL that Postgres understands", async () => {
  const client = await own.pool().connect()
  try {
    await client.query(`begin; create temporary view stg_upi_transactions as
      ${compiled('stg_upi_transactions')}; create temporary table fact_upi_aggregates as
      ${compiled('fact_upi_aggregates')}`)
    for (const name of ['daily_upi_summary', 'merchant_upi_summary']) {
      await client.query(`explain ${compiled(name)}`)
    }
  } finally {
    await client.query('rollback')
    client.release()
  }
})

// As dbt does it for a day: this much of Jinja needs no engine.
function compiled(name: string): string {
  return readFileSync(join(DBT_MODELS, `${name}.sql`), 'utf8')
    .replace(/\{\{ config\(.*\) \}\}/, '')
    .replaceAll(/\{% (if is_incremental\(\)|endif) %\}/g, '')
    .replaceAll('{{ var("day") }}', '2026-02-01')
    .replaceAll(/\{\{ (?:ref|source)\((?:'upi', )?'(\w+)'\) \}\}/g, '$1')
}
