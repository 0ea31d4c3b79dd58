import { ApplicationFailure, Context } from '@temporalio/activity'
import { WithStartWorkflowOperation } from '@temporalio/client'
import { type Kysely, sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { createDayActivities } from '../activities/days.ts'
import { createStreamActivities } from '../activities/stream.ts'
import { runDay } from '../models/warehouse/run-day.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { readProgress, tellBackfill } from '../platform/temporal-backfills.ts'
import { GRAPH, wrongMarts } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { eventually } from './eventually.ts'
import { useStack } from './harness.ts'
import { recordedDays } from './recorded-days.ts'
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

test('an empty day is closed that was failed by a model which is not built by day any more', async () => {
  const date = '2025-04-01'
  const [model] = GRAPH.models.filter(({ kind }) => kind === 'by key')
  await sql`insert into ops.days (business_date, failed_at, error) values (${date}, now(), 'x')`.execute(
    admin,
  )
  await sql`insert into ops.model_days (model, business_date, state, fingerprint)
    values (${model?.name}, ${date}, 'failed', 'another')`.execute(admin)
  const activities = {
    ...createDayActivities({ db }),
    ...createStreamActivities({ readLog: async () => ({}), readOffsets: async () => new Map() }),
  }
  Object.assign(worker, { activities })
  const run = worker.client.workflow.execute('backfillRange', {
    ...{ workflowId: `backfill/${date}..${date}`, taskQueue: own.name },
    args: [{ from: date, to: date }],
  })
  expect(await run).toMatchObject({ state: 'done', done: 1 })
})

test('paused in the moment in which it starts, it plans all the same, and builds when it is resumed', async () => {
  const range = { from: '2025-01-01', to: '2025-01-02' }
  const days = [range.to, range.from]
  Object.assign(worker, { activities: recordedDays({ plan: days }).activities })
  const { client } = worker
  const startWorkflowOperation = new WithStartWorkflowOperation('backfillRange', {
    ...{ workflowId: 'backfill/2025-01-01..2025-01-02', taskQueue: own.name, args: [range] },
    workflowIdConflictPolicy: 'FAIL',
  })
  await client.workflow.executeUpdateWithStart('pause', { startWorkflowOperation })
  const handle = await startWorkflowOperation.workflowHandle()
  await eventually(async () => (await readProgress(handle)).total === 2)
  expect(await readProgress(handle)).toMatchObject({ done: 0, running: [] })
  await tellBackfill(handle, 'resume')
  expect(await handle.result()).toMatchObject({ state: 'done', done: 2 })
})

async function waitingForLocks(): Promise<number> {
  const { rows } = await sql`select from pg_stat_activity
    where datname = current_database() and wait_event = 'advisory'`.execute(admin)
  return rows.length
}
