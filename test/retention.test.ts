import type { Kysely } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { createRetentionActivities } from '../activities/retention.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { insertClean } from './clean-rows.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
let admin: Kysely<Database>
beforeAll(() => {
  admin = createDatabase(own.pool())
})

test('days older than the retention are told, but for those in the lake and those without rows', async () => {
  const days = ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04']
  for (const day of days.slice(1)) await insertClean(admin, { at: `${day}T12:00:00+05:30` })
  await admin
    .insertInto('ops.days')
    .values(
      days.map((business_date) => ({
        business_date,
        state: 'closed',
        closed_at: new Date(),
        closed_by: 'asha',
      })),
    )
    .execute()
  const { findExpiredDays } = createRetentionActivities({
    db: createDatabase(own.pool('upi_transform')),
    retentionDays: 30,
  })
  const found = async (date: string) => await findExpiredDays({ date })
  expect(await found('2026-01-31')).toEqual({ keepFrom: '2026-01-02', waiting: 0, oldest: null })
  expect(await found('2026-02-02')).toEqual({
    ...{ keepFrom: '2026-01-04', waiting: 2, oldest: '2026-01-02' },
  })
  await admin
    .updateTable('ops.days')
    .set({ archived_at: new Date() })
    .where('business_date', '=', '2026-01-02')
    .execute()
  expect(await found('2026-02-02')).toMatchObject({ waiting: 1, oldest: '2026-01-03' })
})
