import { ApplicationFailure, Context } from '@temporalio/activity'
import { type Kysely, sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { createDayActivities } from '../activities/days.ts'
import { createStreamActivities } from '../activities/stream.ts'
import { runDay } from '../models/warehouse/run-day.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { GRAPH, wrongMarts } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { eventually } from './eventually.ts'
import { useStack } from './harness.ts'
import { useWorker } from './temporal-worker.ts'

const own = useStack('database', 'namespace')
const worker = useWorker(() => own.configFor())
const DAY = '2025-03-01'
let admin: Kysely<Database>
let db: Kysely<Database>

beforeAll(() => {
  admin = createDatabase(own.pool())
  db = createDatabase(own.pool('upi_transform'))
})

test('what a try has built that was given up for lost, but was not, is followed up', async () => {
  await insertClean(admin, { at: `${DAY}T12:00:00+05:30` })
  const { buildBackfillDay, ...days } = createDayActivities({ db })
  let lost: Promise<unknown> | undefined
  const activities = {
    ...days,
    ...createStreamActivities({ readLog: async () => ({}), readOffsets: async () => new Map() }),
    reconcileSums: async () => ({ state: 'balanced', books: [] }) as const,
    async buildBackfillDay(task: Parameters<typeof buildBackfillDay>[0]) {
      if (Context.current().info.attempt > 1) return await buildBackfillDay(task)
      lost = runDay({ db, graph: GRAPH, ...task }, DAY, { closes: true })
      throw ApplicationFailure.create({ message: 'has not beaten in time' })
    },
  }
  Object.assign(worker, { activities })
  await admin.connection().execute(async (holder) => {
    await sql`select pg_advisory_lock(hashtextextended(${`upi:day:${DAY}`}, 0))`.execute(holder)
    const handle = await worker.client.workflow.start('backfillRange', {
      ...{ workflowId: `backfill/${DAY}..${DAY}`, taskQueue: own.name },
      args: [{ from: DAY, to: DAY }],
    })
    await eventually(async () => (await waitingForLocks()) === 2)
    await sql`select pg_advisory_unlock_all()`.execute(holder)
    expect(await handle.result()).toMatchObject({ state: 'done', done: 1 })
  })
  await lost
  expect(await wrongMarts(admin)).toEqual([])
})

async function waitingForLocks(): Promise<number> {
  const { rows } = await sql`select from pg_stat_activity
    where datname = current_database() and wait_event = 'advisory'`.execute(admin)
  return rows.length
}
