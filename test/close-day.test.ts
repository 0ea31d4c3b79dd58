import { type Kysely, sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { createDayActivities } from '../activities/days.ts'
import { withFailures } from '../activities/failure.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { wrongMarts } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { useStack } from './harness.ts'
import { useWorker } from './temporal-worker.ts'

const own = useStack('database', 'namespace')
const worker = useWorker(() => own.configFor())
const DAY = '2026-02-01'
let admin: Kysely<Database>
let days: ReturnType<typeof createDayActivities>

beforeAll(() => {
  admin = createDatabase(own.pool())
  days = withFailures(createDayActivities({ db: createDatabase(own.pool('upi_transform')) }))
})

test('A daily run closes its day though a worker of another version has built it', async () => {
  await insertClean(admin, { amount: '100.00' })
  Object.assign(worker, {
    activities: {
      ...days,
      async measureLag() {
        return { spans: {}, behind: {} }
      },
      async reconcileSums() {
        return { state: 'balanced', books: [] }
      },
      async buildDay(task: Parameters<typeof days.buildDay>[0]) {
        const built = await days.buildDay(task)
        await sql`update ops.model_days set fingerprint = 'another'`.execute(admin)
        await sql`update daily_upi_summary set total_amount = 1`.execute(admin)
        return built
      },
    },
  })
  const result = await worker.client.workflow.execute('dailyUpiAggregation', {
    ...{ workflowId: `daily-upi-aggregation/${DAY}`, taskQueue: own.name },
    args: [{ date: DAY, actor: 'asha' }],
  })
  expect(result).toMatchObject({ date: DAY, state: 'closed' })
  const { rows } = await sql`select state, closed_by, revision from ops.days`.execute(admin)
  expect(rows).toEqual([{ state: 'closed', closed_by: 'asha', revision: 0 }])
  expect(await wrongMarts(admin)).toEqual([])
})
