import { beforeAll, expect, test } from 'vitest'
import { heavyQueue } from '../core/task-queue.ts'
import { need } from '../platform/config.ts'
import { connectClient } from '../platform/temporal.ts'
import { doctorFaults } from './doctor-faults.ts'
import { eventually, runCli, useStack } from './harness.ts'

const own = useStack('database', 'topics', 'namespace')

beforeAll(async () => {
  await runCli(['schema', 'register'], own.env)
  await runCli(['schedules', 'apply'], own.env)
})

test('a viewer who keeps Postgres at it is found', async () => {
  const viewers = own.pool('upi_report')
  const asked = viewers.query('select pg_sleep(10)').catch(() => {})
  const found = await eventually(
    () => doctorFaults(own.env),
    ({ length }) => length > 0,
  )
  expect(found).toEqual([
    {
      name: 'sessions',
      ok: false,
      text: expect.stringMatching(/^a query of upi_report has run for \d/),
      fix: 'docs/runbooks/query-slow.md',
    },
  ])
  await own.pool().query(`select pg_cancel_backend(pid) from pg_stat_activity
    where datname = current_database() and usename = 'upi_report'`)
  await asked
})

test('runs that have failed are found, of whichever task queue', async () => {
  const { client, connection } = await connectClient(need(own.configFor(), 'temporalAddress'))
  const { temporalTaskQueue } = own.configFor()
  const runs = [
    ['dailyUpiAggregation', temporalTaskQueue],
    ['rebuildClean', heavyQueue(temporalTaskQueue)],
  ] as const
  // Nobody takes them.
  const limits = { workflowExecutionTimeout: '1 second', args: [] }
  for (const [workflow, taskQueue] of runs) {
    await client.workflow.start(workflow, { workflowId: workflow, taskQueue, ...limits })
  }
  const found = await eventually(
    () => doctorFaults(own.env),
    ({ length }) => length === runs.length,
  )
  await connection.close()
  expect(found.map(({ name, text }) => `${name}: ${text}`).toSorted()).toEqual([
    expect.stringMatching(/^runs: a run of dailyUpiAggregation failed .* ago$/),
    expect.stringMatching(/^runs: a run of rebuildClean failed .* ago$/),
  ])
})
