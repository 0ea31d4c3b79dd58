import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDayActivities } from '../activities/days.ts'
import { withFailures } from '../activities/failure.ts'
import { createReconcileActivities, type ReconcileDeps } from '../activities/reconcile.ts'
import { createStreamActivities } from '../activities/stream.ts'
import { makeMarts } from '../cli/make-marts.ts'
import type { BackfillResult } from '../core/backfill.ts'
import { addDays } from '../core/time.ts'
import { LOGIN_ROLES, type LoginRole } from '../migrations/roles.ts'
import { loadConfig } from '../platform/config.ts'
import type { Database } from '../platform/database.ts'
import { migrateUp } from '../platform/migrate.ts'
import { createDatabase, createPool } from '../platform/postgres.ts'
import {
  type ServerName,
  type StackOptions,
  startStack,
  waitReady,
} from '../platform/stack/index.ts'
import { wrongMarts } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { eventually } from './eventually.ts'
import { componentOf, killNow, ownStackOptions, removeOwnStack } from './own-stack.ts'
import { databaseUrl } from './template.ts'
import { withWorker } from './temporal-worker.ts'

const DAYS = 24

// Servers of its own: what is killed here is nobody else's.
let options: StackOptions
let admin: Kysely<Database>
beforeAll(async () => {
  options = await ownStackOptions({ servers: ['postgres', 'temporal'] })
  await startStack(options)
  await waitReady(options.home)
  const passwords = LOGIN_ROLES.map((role) => [role, `of ${role}`])
  const rolePasswords = Object.fromEntries(passwords) as Record<LoginRole, string>
  await migrateUp({ connectionString: urlOf(), rolePasswords })
  await makeMarts(config(), urlOf())
  admin = createDatabase(createPool(config(), urlOf(), { max: 2, name: 'test' }))
})
afterAll(async () => {
  await admin.destroy()
  await removeOwnStack(options)
})

test.each<[ServerName, string]>([
  ['temporal', '2025-03-01'],
  ['postgres', '2025-05-01'],
])(
  'a backfill goes on by itself after a kill -9 of %s, each day built once',
  async (server, from) => {
    const to = addDays(from, DAYS - 1)
    await pay(...Array.from({ length: DAYS }, (_, day) => addDays(from, day)))
    const [db, ingest] = [createDatabase(poolOf('upi_transform')), poolOf('upi_ingest')]
    const activities = withFailures({
      ...createDayActivities({ db }),
      ...createStreamActivities({ readLog: async () => ({}), readOffsets: async () => new Map() }),
      // Sums are read without any rules.
      ...createReconcileActivities({ db, ingest } as ReconcileDeps),
    })
    await withWorker(config(), activities, async (client) => {
      const handle = await client.workflow.start('backfillRange', {
        ...{ workflowId: `backfill/${from}..${to}`, taskQueue: 'upi' },
        args: [{ from, to, concurrency: 2 }],
      })
      await eventually(async () => (await builds(from, to)).length > 2)
      const killed = componentOf(options, server)?.pid
      killNow(componentOf(options, server))
      const isBack = () => {
        const { state, pid } = componentOf(options, server) ?? {}
        return state === 'ready' && pid !== killed
      }
      await eventually(isBack)
      expect((await eventually(() => builds(from, to))).length).toBeLessThan(DAYS)
      const result = (): Promise<BackfillResult> => handle.result()
      expect(await eventually(result)).toMatchObject({ state: 'done', total: DAYS, done: DAYS })
    })
    await Promise.all([db.destroy(), ingest.end()])
    expect(await builds(from, to)).toEqual(Array.from({ length: DAYS }, () => 1))
    expect(await wrongMarts(admin)).toEqual([])
  },
)

function config() {
  return loadConfig({
    TEMPORAL_ADDRESS: `127.0.0.1:${options.portBase + 4}`,
    UPI_TASK_QUEUE: 'upi',
    UPI_CACHE_DIR: options.cacheDir,
    UPI_HOME: options.home,
  })
}

function poolOf(username: LoginRole) {
  const url = urlOf({ username, password: encodeURIComponent(`of ${username}`) })
  return createPool(config(), url, { max: 8, name: 'worker' })
}

function urlOf(login: { username?: string; password?: string } = {}): string {
  const { portBase, secrets } = options
  const password = encodeURIComponent(secrets.postgresPassword)
  return databaseUrl(`postgres://upi:${password}@127.0.0.1:${portBase}/upi`, 'upi', login)
}

async function pay(...days: readonly string[]): Promise<void> {
  await insertClean(admin, ...days.map((day) => ({ at: `${day}T12:00:00+05:30` })))
}

/** How often each day was built that was. */
async function builds(from: string, to: string): Promise<number[]> {
  const { rows } = await sql<{ times: number }>`
    select count(*)::integer as times from ops.model_runs
    where model = 'daily_upi_summary' and business_date between ${from} and ${to}
    group by business_date`.execute(admin)
  return rows.map(({ times }) => times)
}
