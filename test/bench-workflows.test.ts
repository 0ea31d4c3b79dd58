import { expect, test } from 'vitest'
import { hasPsql } from './bench/model-floor.ts'
import { runCli, useStack } from './harness.ts'

const own = useStack('database')

test('bench workflows closes and backfills days through Temporal, and the same without it', async () => {
  const options = ['--rows', '3000', '--days', '3', '--merchants', '50', '--runs', '1', '--no-save']
  if (!hasPsql()) options.push('--no-floor')
  const { code, stdout, stderr } = await runCli(['bench', 'workflows', ...options], own.env)
  expect(code, stderr).toBe(0)
  const tasks = [
    ...['one empty day', '30 empty days', '365 empty days', 'one day with rows'],
    ...['3 days with rows, 2 at a time', '3 days with rows, 4 at a time'],
  ]
  for (const task of tasks) expect(stdout).toMatch(new RegExp(`^${task} +\\d+\\.\\d{3}`, 'm'))
  expect(stdout).toContain('3000 transactions on 3 days')
}, 180_000)
