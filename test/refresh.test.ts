import { type Kysely, sql } from 'kysely'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RefreshResult } from '../activities/index.ts'
import { createRefreshActivities } from '../activities/refresh.ts'
import { refresh } from '../models/warehouse/refresh.ts'
import { runDay } from '../models/warehouse/run-day.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { clearModels, GRAPH, wrongMarts } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { useStack } from './harness.ts'
import { useWorker } from './temporal-worker.ts'

const own = useStack('database', 'namespace')
const worker = useWorker(() => own.configFor())
let admin: Kysely<Database>
let db: Kysely<Database>

beforeAll(() => {
  admin = createDatabase(own.pool())
  db = createDatabase(own.pool('upi_transform'))
})

beforeEach(() => clearModels(admin))

describe('refresh', () => {
  test('builds what is dirty, the newest day first, and what follows from it', async () => {
    await pay('2026-02-01', '2026-02-02')
    const { built, waiting, failed } = await refreshNow()
    expect(built.map(({ key }) => key)).toEqual(['2026-02-02', '2026-02-01', 'dim_merchants'])
    expect([waiting, failed]).toEqual([[], []])
    expect(await wrongMarts(admin)).toEqual([])
    expect(await refreshNow()).toEqual({ built: [], failed: [], waiting: [] })
  })

  test('leaves a day alone until ten times its last build have passed', async () => {
    await pay('2026-02-01')
    await refreshNow()
    await sql`update ops.model_runs set finished_at = now() - interval '1 minute',
      seconds = case model when 'daily_upi_summary' then 60 else 0 end`.execute(admin)
    await pay('2026-02-01', '2026-02-02')
    const { built, waiting } = await refreshNow()
    expect(built.map(({ key }) => key)).toEqual(['2026-02-02', 'dim_merchants'])
    expect(waiting).toMatchObject([{ key: '2026-02-01', reason: 'built a short while ago' }])
    const wait = Date.parse(waiting[0]?.until ?? '') - Date.now()
    expect(wait).toBeGreaterThan(450_000)
    expect(wait).toBeLessThan(620_000)
    await sql`update ops.model_runs set finished_at = now() - interval '1 hour'`.execute(admin)
    expect((await refreshNow()).built[0]).toMatchObject({ key: '2026-02-01', changed: true })
    expect(await wrongMarts(admin)).toEqual([])
  })

  test('does not wait for a day that somebody else builds', async () => {
    await pay('2026-02-01', '2026-02-02')
    await admin.connection().execute(async (other) => {
      const lock = sql`hashtextextended('upi:day:2026-02-02', 0)`
      await sql`select pg_advisory_lock(${lock})`.execute(other)
      const { built, waiting } = await refreshNow()
      expect(built.map(({ key }) => key)).toEqual(['2026-02-01', 'dim_merchants'])
      expect(waiting).toEqual([{ key: '2026-02-02', reason: 'being built by another' }])
      await sql`select pg_advisory_unlock_all()`.execute(other)
    })
  })

  test('ends after a while with the days that it has built; the next one goes on', async () => {
    await pay('2026-02-01', '2026-02-02', '2026-02-03')
    const around = { db, graph: GRAPH, actor: 'test' }
    const first = await refresh(around, { secondsMax: 0.005 })
    expect(first.built.map(({ key }) => key)).toEqual(['2026-02-03', 'dim_merchants'])
    expect(first.waiting).toEqual([
      { key: '2026-02-02', reason: 'left for the next refresh' },
      { key: '2026-02-01', reason: 'left for the next refresh' },
    ])
    expect((await refreshNow()).built.map(({ key }) => key).slice(0, 2)).toEqual([
      '2026-02-02',
      '2026-02-01',
    ])
  })

  test('makes a closed day revised and keeps what was reported; it never closes one', async () => {
    await pay('2026-02-01')
    await runDay({ db, graph: GRAPH, actor: 'asha', reason: 'close' }, '2026-02-01', {
      closes: true,
    })
    await pay('2026-02-01', '2026-02-02')
    await sql`update ops.model_runs set finished_at = now() - interval '1 hour'`.execute(admin)
    await refreshNow()
    const days = await sql`select business_date as day, state, revision from ops.days`.execute(
      admin,
    )
    expect(days.rows).toEqual([{ day: '2026-02-01', state: 'revised', revision: 1 }])
    const reported =
      await sql`select before ->> 'total_txns' as before, after ->> 'total_txns' as after
      from ops.day_revisions where mart = 'daily_upi_summary'`.execute(admin)
    expect(reported.rows).toEqual([{ before: '1', after: '2' }])
  })

  test('tells what failed, and tries it again only after a while', async () => {
    await pay('2026-02-01')
    await sql`alter table daily_upi_summary add constraint none check (total_txns <> 1)`.execute(
      admin,
    )
    const first = await refreshNow()
    expect(first.failed).toMatchObject([{ key: '2026-02-01' }])
    const again = await refreshNow()
    expect(again.failed).toEqual([])
    expect(again.waiting).toMatchObject([{ key: '2026-02-01' }])
    await sql`alter table daily_upi_summary drop constraint none`.execute(admin)
    await sql`update ops.model_runs set finished_at = now() - interval '1 hour'`.execute(admin)
    expect((await refreshNow()).built[0]).toMatchObject({ key: '2026-02-01' })
    expect(
      (await sql`select from ops.days where failed_at is not null`.execute(admin)).rows,
    ).toEqual([])
  })
})

test('refreshDirty runs it and gives its report', async () => {
  await pay('2026-02-01')
  Object.assign(worker, { activities: createRefreshActivities({ db }) })
  const result = await worker.client.workflow.execute('refreshDirty', {
    workflowId: 'refresh-dirty',
    taskQueue: own.name,
    args: [{ actor: 'schedule upi-refresh' }],
  })
  expect((result as RefreshResult).built.map(({ key }) => key)).toEqual([
    '2026-02-01',
    'dim_merchants',
  ])
  const { rows } = await sql`select distinct actor from ops.model_runs`.execute(admin)
  expect(rows).toEqual([{ actor: 'schedule upi-refresh' }])
})

async function refreshNow(): Promise<RefreshResult> {
  return await refresh({ db, graph: GRAPH, actor: 'test' })
}

async function pay(...days: readonly string[]): Promise<void> {
  await insertClean(admin, ...days.map((day) => ({ at: `${day}T12:00:00+05:30` })))
}
