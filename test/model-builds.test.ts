import { type Kysely, sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { MODELS } from '../models/index.ts'
import { lockKey } from '../models/warehouse/connection.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { buildDay, clearModels, GRAPH, planned, refresh, wrongMarts } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { eventually } from './eventually.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const D1 = '2026-02-01'
const D2 = '2026-02-02'
const ON_D2 = '2026-02-02T12:00:00+05:30'
let admin: Kysely<Database>
let db: Kysely<Database>

beforeEach(async () => {
  admin ??= createDatabase(own.pool())
  db ??= createDatabase(own.pool('upi_transform'))
  await clearModels(admin)
})

describe('A refresh', () => {
  test('builds every day that has rows, then nothing', async () => {
    await insertClean(admin, {}, { at: ON_D2 })
    expect(await planned(db)).toContain(`build ${D1}: rows changed`)
    const { runs, failures } = await refresh(db)
    expect(failures).toEqual([])
    expect(new Set(runs.map(({ date }) => date))).toEqual(new Set([D1, D2, null]))
    expect(await planned(db)).toEqual([])
    expect((await refresh(db)).runs).toEqual([])
    expect(await wrongMarts(db)).toEqual([])
  })

  test('builds just the days that changed, and rewrites no row that did not', async () => {
    await insertClean(admin, { payee: 'chaishop@ybl' }, { at: ON_D2, payee: 'bookshop@ybl' })
    await refresh(db)
    await insertClean(admin, { at: ON_D2, payee: 'bookshop@ybl' })
    const { runs } = await refresh(db)
    expect(new Set(runs.map(({ date }) => date))).toEqual(new Set([D2, null]))
    expect(runs.find(({ model }) => model === 'dim_merchants')).toMatchObject({
      inserted: 0,
      updated: 1,
      unchanged: 0,
    })
    expect(await wrongMarts(db)).toEqual([])
  })

  test('sees what the stream has marked, such as rows that left a day', async () => {
    await insertClean(admin, { txn_id: 'GONE' }, {})
    await refresh(db)
    await admin.deleteFrom('clean_upi_transactions').where('txn_id', '=', 'GONE').execute()
    expect(await planned(db)).toEqual([])
    await admin
      .insertInto('ops.dirty_keys')
      .values({ business_date: D1, reason: 'moved' })
      .execute()
    expect(await planned(db)).toContain(`build ${D1}: rows changed`)
    await refresh(db)
    expect(await wrongMarts(db)).toEqual([])
  })

  test('removes keys that vanished, and the merchant who has none left', async () => {
    await insertClean(admin, { txn_id: 'GONE', payee: 'bookshop@ybl' })
    await refresh(db)
    await admin.deleteFrom('clean_upi_transactions').where('txn_id', '=', 'GONE').execute()
    const { runs } = await buildDay(db, D1)
    const deleted = runs.filter((run) => run.deleted > 0).map((run) => run.model)
    expect(deleted).toEqual(expect.arrayContaining(['merchant_upi_summary', 'dim_merchants']))
    expect(await wrongMarts(db)).toEqual([])
  })

  test('marks also what only another version of the platform knows', async () => {
    await insertClean(admin, {})
    await refresh(db)
    await insertClean(admin, {})
    await refresh(db, { models: MODELS.filter(({ name }) => name !== 'hourly_upi_summary') })
    expect(await planned(db)).toContain(`build ${D1}: rows changed`)
    await refresh(db)
    expect(await wrongMarts(db)).toEqual([])
  })

  test('misses no row of a transaction that commits late', async () => {
    await insertClean(admin, {})
    await refresh(db)
    await admin.transaction().execute(async (slow) => {
      await insertClean(slow, { txn_id: 'SLOW' })
      await insertClean(admin, { at: ON_D2 })
      await refresh(db)
    })
    expect(await planned(db)).toContain(`build ${D1}: rows changed`)
    await refresh(db)
    expect(await wrongMarts(db)).toEqual([])
  })

  test('keeps the mark that is set while its day is being built', async () => {
    await insertClean(admin, {})
    await refresh(db)
    await insertClean(admin, {})
    await heldBack(D1, async (release) => {
      const build = refresh(db)
      await eventually(async () => (await waitingLocks()) > 0)
      // After discovery and before the build's snapshot.
      await admin
        .insertInto('ops.dirty_keys')
        .values({ business_date: D1, reason: 'moved' })
        .execute()
      await release()
      await build
    })
    expect(await wrongMarts(db)).toEqual([])
    expect(await planned(db)).toContain(`build ${D1}: rows changed`)
  })

  test('takes all days for dirty when its snapshot is of another cluster', async () => {
    await insertClean(admin, {}, { at: ON_D2 })
    await refresh(db)
    await sql`update ops.discovery set system_identifier = system_identifier - 1`.execute(admin)
    expect(await planned(db)).toEqual(
      expect.arrayContaining([`build ${D1}: rows changed`, `build ${D2}: rows changed`]),
    )
    await refresh(db)
    expect(await planned(db)).toEqual([])
  })

  test('by several at once is right, and builds nothing twice', async () => {
    await insertClean(admin, {}, {}, { at: ON_D2 })
    const all = await Promise.all([refresh(db), refresh(db), refresh(db)])
    const built = all.flatMap(({ runs }) => runs).map(({ model: name, date }) => `${name} ${date}`)
    expect(new Set(built).size).toBe(built.length)
    expect(await wrongMarts(db)).toEqual([])
    expect(await heldLocks()).toBe(0)
  })

  test('leaves an archived day alone', async () => {
    await insertClean(admin, {})
    await refresh(db)
    const before = await dailyVersion()
    await sql`insert into ops.days (business_date, archived_at) values (${D1}, now())`.execute(
      admin,
    )
    await sql`delete from clean_upi_transactions`.execute(admin)
    await admin
      .insertInto('ops.dirty_keys')
      .values({ business_date: D1, reason: 'moved' })
      .execute()
    expect(await planned(db)).toContain(`skip ${D1}: archived`)
    await refresh(db)
    expect(await dailyVersion()).toBe(before)
  })
})

describe('A day', () => {
  test('that is built again rewrites no row', async () => {
    await insertClean(admin, {}, {})
    await refresh(db)
    const before = await dailyVersion()
    const { runs } = await buildDay(db, D1)
    expect(runs.every(({ inserted, updated, deleted }) => inserted + updated + deleted === 0)).toBe(
      true,
    )
    expect(await dailyVersion()).toBe(before)
  })

  test('at the same time as others is right, and leaves no lock', async () => {
    await insertClean(admin, {}, {}, {})
    await Promise.all([buildDay(db, D1), buildDay(db, D1), refresh(db), buildDay(db, D1)])
    expect(await wrongMarts(db)).toEqual([])
    expect(await heldLocks()).toBe(0)
  })

  test('that is cancelled stops its statement on the server, and changes nothing', async () => {
    await insertClean(admin, {})
    const cancel = new AbortController()
    await heldBack(D1, async () => {
      const refusal = expect(refresh(db, { signal: cancel.signal })).rejects.toThrow()
      await eventually(async () => (await waitingLocks()) > 0)
      cancel.abort()
      await refusal
      await eventually(async () => (await waitingLocks()) === 0)
    })
    expect(await dailyVersion()).toBeUndefined()
    await refresh(db)
    expect(await wrongMarts(db)).toEqual([])
  })

  test('reads the partition of its day only', async () => {
    await insertClean(admin, {}, { at: ON_D2 })
    for (const one of GRAPH.models.filter(({ kind }) => kind === 'by day')) {
      const { sql: text } = one.compile({ day: D1 })
      const plan = await sql<{ 'QUERY PLAN': string }>`explain ${sql.raw(
        text.replaceAll(/\$\d+/g, `'${D1}'`),
      )}`.execute(db)
      const scans = plan.rows.flatMap(
        (row) => row['QUERY PLAN'].match(/ on (clean_upi\S+)/)?.[1] ?? [],
      )
      expect(new Set(scans).size, one.name).toBeLessThanOrEqual(1)
    }
  })
})

/** Does something while a day cannot be built; until it is released, at the latest at the end. */
async function heldBack<T>(
  date: string,
  work: (release: () => Promise<unknown>) => Promise<T>,
): Promise<T> {
  return await admin.connection().execute(async (holder) => {
    const release = () => sql`select pg_advisory_unlock_all()`.execute(holder)
    await sql`select pg_advisory_lock(${lockKey(`day:${date}`)})`.execute(holder)
    try {
      return await work(release)
    } finally {
      await release()
    }
  })
}

async function waitingLocks(): Promise<number> {
  return await locks({ granted: false })
}

async function heldLocks(): Promise<number> {
  return await locks({ granted: true })
}

async function locks({ granted }: { granted: boolean }): Promise<number> {
  const { rows } = await sql`select 1 from pg_locks where locktype = 'advisory'
    and granted = ${granted} and database = (
      select oid from pg_database where datname = current_database())`.execute(admin)
  return rows.length
}

async function dailyVersion(): Promise<string | undefined> {
  const { rows } = await sql<{ at: string }>`
    select ctid::text || xmin::text as at from daily_upi_summary`.execute(admin)
  return rows[0]?.at
}
