import { expect, test } from 'vitest'
import { runCli, useStack } from './harness.ts'

const own = useStack('database', 'topics', 'namespace')

test('each file has a migrated database of its own', async () => {
  const { rows } = await own.pool().query('select current_database() as name')
  expect(rows).toEqual([{ name: own.name }])
  const tables = await own
    .pool('upi_ingest')
    .query('select count(*) as n from clean_upi_transactions')
  expect(tables.rows).toEqual([{ n: '0' }])
})

test('a command sees the places of the file and no others', async () => {
  const { code, stdout } = await runCli(['env'], own.env)
  expect(code).toBe(0)
  expect(stdout).toContain(`DATABASE_URL='${own.env.DATABASE_URL}'`)
})
