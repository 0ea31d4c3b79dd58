import type { Socket } from 'node:net'
import { type Kysely, sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Column, column, nullable } from '../models/engine/column.ts'
import { type Model, model, type RowCheck } from '../models/engine/define-model.ts'
import { type Graph, makeGraph } from '../models/engine/graph.ts'
import { MODELS } from '../models/index.ts'
import { stg_upi_transactions } from '../models/staging/stg_upi_transactions.ts'
import { closeDay } from '../models/warehouse/close-day.ts'
import { lockKey, underLock } from '../models/warehouse/connection.ts'
import { discover } from '../models/warehouse/discover.ts'
import { makeRelations } from '../models/warehouse/make-relations.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { clearModels, GRAPH, planned, refresh, wrongMarts } from './build-models.ts'
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

describe('A day that is about to be built', () => {
  test('keeps its figures when it is archived meanwhile', async () => {
    await insertClean(admin, { at: ARCHIVED_NOON })
    await refresh(db)
    await insertClean(admin, { at: ARCHIVED_NOON })
    const build = await admin.connection().execute(async (archiver) => {
      await sql`select pg_advisory_lock(${lockKey(`day:${ARCHIVED}`)})`.execute(archiver)
      const waiting = refresh(db)
      await eventually(async () => (await waits('advisory')) > 0)
      await archive(archiver)
      await sql`select pg_advisory_unlock_all()`.execute(archiver)
      return { waiting }
    })
    expect((await build.waiting).runs.map(({ date }) => date)).not.toContain(ARCHIVED)
    expect(await db.selectFrom('daily_upi_summary').select('total_txns').execute()).toEqual([
      { total_txns: '1' },
    ])
  })

  test('is not closed until it is built', async () => {
    await insertClean(admin, { amount: '100.00' })
    await refresh(db)
    await insertClean(admin, { amount: '11.00' })
    const { closing, build } = await admin.transaction().execute(async (reader) => {
      await sql`lock table daily_upi_summary in share mode`.execute(reader)
      const build = refresh(db)
      await eventually(async () => (await waits('relation')) > 0)
      const close = closeDay({ db, graph: GRAPH, actor: 'test' }, D1)
      const closing = close.then(async () => await amountOf(D1))
      await Promise.race([closing, eventually(async () => (await waits('advisory')) > 0)])
      return { closing, build }
    })
    await build
    expect(await closing).toBe('111.00')
    expect(await dayStatus()).toMatchObject({ state: 'closed', revision: 0 })
  })
})

test('A row that comes once all of its day is counted, and is found, is built next', async () => {
  await insertClean(admin, {})
  const last = GRAPH.models.findLast(({ kind }) => kind === 'by day') as Model
  await refresh(db)
  await insertClean(admin, {})
  const build = await admin.transaction().execute(async (reader) => {
    await sql`lock table ${sql.table(last.name)} in share mode`.execute(reader)
    const waiting = refresh(db)
    await eventually(async () => (await waits('relation')) > 0)
    await insertClean(admin, {})
    await discover(db, GRAPH)
    return { waiting }
  })
  expect((await build.waiting).failures).toEqual([])
  expect(await planned(db)).toContain(`build ${D1}: rows changed`)
  await refresh(db)
  expect(await wrongMarts(db)).toEqual([])
})

describe('A mart whose contract changes', () => {
  test('refuses to lose a column', async () => {
    await insertClean(admin, {})
    await refresh(db, { models: [...MODELS, aMart('narrowed', { a: COUNT, b: COUNT })] })
    const narrowed = [...MODELS, aMart('narrowed', { a: COUNT })]
    await expect(refresh(db, { models: narrowed })).rejects.toThrow('column b is there')
  })

  test('lets a column be null that was not', async () => {
    await insertClean(admin, {})
    await refresh(db, { models: [...MODELS, aMart('loosened', { a: COUNT })] })
    const loosened = aMart('loosened', { a: [sql`null::bigint`, nullable('bigint', 'Nothing.')] })
    expect((await refresh(db, { models: [...MODELS, loosened] })).failures).toEqual([])
  })

  test('misses nothing that a version without its follower has built', async () => {
    await insertClean(admin, {})
    await refresh(db)
    await insertClean(admin, {})
    await refresh(db, { models: MODELS.filter(({ name }) => name !== 'dim_merchants') })
    await refresh(db)
    expect(await wrongMarts(db)).toEqual([])
  })

  test('that another version does not know misses nothing that version has found', async () => {
    const total = model('total')
      .select((query, ref) =>
        query
          .selectFrom(ref(stg_upi_transactions, 't'))
          .select([sql<string>`'all'`.as('what'), sql<string>`count(*)`.as('txns')]),
      )
      .promise({
        kind: 'table',
        about: 'All payments.',
        grain: ['what'],
        columns: { what: column('text', 'All.'), txns: column('bigint', 'Payments.') },
      })
    await insertClean(admin, {})
    await refresh(db, { models: [...MODELS, total] })
    await insertClean(admin, {})
    await refresh(db)
    await refresh(db, { models: [...MODELS, total] })
    expect((await sql`select txns from total`.execute(admin)).rows).toEqual([{ txns: '2' }])
  })

  test('does not revise a closed day of which it had no figures yet', async () => {
    await insertClean(admin, {})
    await refresh(db)
    await sql`insert into ops.days (business_date, state, closed_at, closed_by)
      values (${D1}, 'closed', now(), 'test')`.execute(admin)
    const never: RowCheck = { name: 'never', holds: sql`false` }
    await refresh(db, { models: [...MODELS, aMart('late', { a: COUNT }, never)] })
    await refresh(db, { models: [...MODELS, aMart('late', { a: COUNT })] })
    expect(await dayStatus()).toMatchObject({ state: 'closed', revision: 0, failed: false })
  })
})

test('A statement whose process is gone ends, and its locks with it', async () => {
  const { rows } = await sql`show client_connection_check_interval`.execute(db)
  expect(rows).toEqual([{ client_connection_check_interval: '10s' }])
  const pool = own.pool('upi_transform')
  // From its first statement on: the time of one look is set by the look before.
  Object.assign(pool.options, { options: '-c client_connection_check_interval=100ms' })
  const client = await pool.connect()
  client.on('error', () => {})
  const lost = client.query(`select pg_advisory_lock(${LOST}), pg_sleep(60)`).catch(() => {})
  await eventually(async () => (await holders(LOST)) === 1)
  ;(client as unknown as { connection: { stream: Socket } }).connection.stream.destroy()
  await lost
  client.release(true)
  await eventually(async () => (await holders(LOST)) === 0)
})

test('A lock is waited for longer than a table, and the wait leaves the session as it was', async () => {
  const subject = 'held'
  const settings = await db.connection().execute(async (session) => {
    await sql`set lock_timeout = '50ms'`.execute(session)
    const waiter = await underLock(admin, { subject }, async () => {
      const waiting = underLock(session, { subject }, (own) => sql`show lock_timeout`.execute(own))
      await eventually(async () => (await waits('advisory')) > 0)
      await sql`select pg_sleep(0.2)`.execute(admin)
      return { waiting }
    })
    const { rows } = await waiter.waiting
    await sql`reset lock_timeout`.execute(session)
    return rows
  })
  expect(settings).toEqual([{ lock_timeout: '50ms' }])
})

const LOST = 4242

async function holders(lock: number): Promise<number> {
  const { rows } = await sql`select from pg_locks
    where locktype = 'advisory' and objid = ${lock} and granted`.execute(admin)
  return rows.length
}

test('A model that failed and is gone leaves no day failed', async () => {
  await insertClean(admin, {})
  const never: RowCheck = { name: 'never', holds: sql`false` }
  await refresh(db, { models: [...MODELS, aMart('gone', { a: COUNT }, never)] })
  expect(await dayStatus()).toMatchObject({ failed: true })
  await refresh(db)
  expect(await dayStatus()).toMatchObject({ failed: false, error: null })
})

test('A check that cannot be computed fails its day, and holds up no other', async () => {
  await insertClean(admin, {}, { at: ON_D2 }, { at: ON_D2 })
  const ratio: RowCheck = { name: 'ratio', holds: sql`1 / (a - 1) >= 0` }
  const models = [...MODELS, aMart('ratios', { a: COUNT }, ratio)]
  const { failures, runs } = await refresh(db, { models })
  expect(failures).toMatchObject([
    { model: 'ratios', date: D1, error: 'Postgres refused a value: SQLSTATE 22012' },
  ])
  expect(runs.map(({ date }) => date)).toContain(D2)
})

test('A build is of this version, though another has replaced its views meanwhile', async () => {
  await insertClean(admin, { latency_ms: 7 })
  await refresh(db)
  await insertClean(admin, { latency_ms: 9 })
  const build = await admin.connection().execute(async (holder) => {
    await sql`select pg_advisory_lock(${lockKey(`day:${D1}`)})`.execute(holder)
    const waiting = refresh(db)
    await eventually(async () => (await waits('advisory')) > 0)
    await makeRelations(db, anotherVersion())
    await sql`select pg_advisory_unlock_all()`.execute(holder)
    return { waiting }
  })
  expect((await build.waiting).failures).toEqual([])
  expect(await wrongMarts(db)).toEqual([])
  const { rows } = await sql`select max(latency_ms) as most from stg_upi_transactions`.execute(db)
  expect(rows).toEqual([{ most: '9' }])
})

/** All models, with latency a millisecond longer in the view. */
function anotherVersion(): Graph {
  const view = GRAPH.models.find(({ name }) => name === stg_upi_transactions.name) as Model
  const text = view
    .compile()
    .sql.replace('"c"."latency_ms"', '"c"."latency_ms" + 1 as "latency_ms"')
  const other: Model = { ...view, compile: () => ({ ...view.compile(), sql: text }) }
  return makeGraph(
    GRAPH.models.map((one) =>
      one === view
        ? other
        : { ...one, reads: one.reads.map((read) => (read === view ? other : read)) },
    ),
  )
}

const ARCHIVED = '2026-03-01'
const ARCHIVED_NOON = `${ARCHIVED}T12:00:00+05:30`

async function archive(archiver: Kysely<Database>): Promise<void> {
  await sql`alter table clean_upi_transactions
    detach partition partitions.clean_upi_transactions_20260301`.execute(archiver)
  await sql`insert into ops.days (business_date, archived_at) values (${ARCHIVED}, now())`.execute(
    archiver,
  )
}

const COUNT = [sql`count(*)`, column('bigint', 'Payments.')] as const

/** A mart with a row a day. */
function aMart(
  name: string,
  figures: Readonly<Record<string, readonly [figure: ReturnType<typeof sql>, as: Column]>>,
  ...checks: readonly RowCheck[]
): Model {
  const columns = Object.entries(figures).map(([column, [, as]]) => [column, as])
  const aDay = model(name)
    .select((query, ref) =>
      query
        .selectFrom(ref(stg_upi_transactions, 't'))
        .select('t.txn_date as date')
        .select(Object.entries(figures).map(([column, [figure]]) => figure.as(column)) as never[])
        .groupBy('t.txn_date'),
    )
    .promise({
      kind: 'by day',
      day: 'date',
      about: 'A row a day.',
      grain: ['date'],
      columns: { date: column('date', 'Day.'), ...Object.fromEntries(columns) },
    })
  return { ...aDay, checks }
}

async function waits(locktype: 'advisory' | 'relation'): Promise<number> {
  const { rows } = await sql`select from pg_locks where locktype = ${locktype} and not granted
    and database = (select oid from pg_database where datname = current_database())`.execute(admin)
  return rows.length
}

async function amountOf(date: string): Promise<string | undefined> {
  const day = db.selectFrom('daily_upi_summary').select('total_amount').where('date', '=', date)
  return (await day.executeTakeFirst())?.total_amount
}

async function dayStatus() {
  return await db.selectFrom('ops.day_status').selectAll().where('date', '=', D1).executeTakeFirst()
}
