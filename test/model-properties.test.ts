import fc from 'fast-check'
import { type ControlledTransaction, type Kysely, sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { STATUSES } from '../core/status.ts'
import { refresh as refreshDirty } from '../models/warehouse/refresh.ts'
import { prepare, runDay, runEmptyDay } from '../models/warehouse/run-day.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { buildDay, clearModels, GRAPH, planned, refresh, wrongMarts } from './build-models.ts'
import { insertClean } from './clean-rows.ts'
import { eventually } from './eventually.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const DAYS = ['2026-02-01', '2026-02-02', '2026-02-03']
const SHOPS = ['chaishop@ybl', 'bookshop@ybl', 'ra***i@okaxis']
let admin: Kysely<Database>
let db: Kysely<Database>

beforeAll(async () => {
  const pool = own.pool('upi_transform')
  // As the platform's own pools: a connection that is killed fails its query, and not the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  admin = createDatabase(own.pool())
  db = createDatabase(pool)
  // Days are made ahead, as in life: making one waits for those who write to others.
  await insertClean(admin, ...DAYS.map((day) => ({ at: noonOf(day) })))
})

test('whatever happens to clean and to the builds, every mart is in the end its recomputation', async () => {
  const happening = fc.oneof({ weight: 3, arbitrary: written() }, { weight: 2, arbitrary: built() })
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 4, maxLength: 14 }), async (happenings) => {
      await clearModels(admin)
      const world = new World()
      const reported = new Map<string, string>()
      const happened = async () => {
        for (const { told, figures } of await tellDays()) {
          // What was reported of a closed day changes with its revision and not otherwise.
          expect(reported.get(told) ?? figures, told).toBe(figures)
          reported.set(told, figures)
        }
      }
      try {
        for (const happens of happenings) {
          await happens(world)
          await happened()
        }
      } finally {
        await world.settle()
      }
      await refresh(db)
      await happened()
      expect(await wrongMarts(db)).toEqual([])
      expect(await planned(db)).toEqual([])
    }),
    { numRuns: 25 },
  )
}, 120_000)

type Happening = (world: World) => Promise<void>

/** What the stream does to clean: in a transaction of its own, or in one that commits later. */
function written(): fc.Arbitrary<Happening> {
  const id = fc.integer({ min: 1, max: 8 }).map((n) => `T${n}`)
  const day = fc.constantFrom(...DAYS)
  const facts = fc.record({
    payee: fc.constantFrom(...SHOPS),
    amount: fc.integer({ min: 1, max: 99_999 }).map((paise) => (paise / 100).toFixed(2)),
    status: fc.constantFrom(...STATUSES),
    type: fc.constantFrom('P2M', 'P2P', 'REFUND'),
  })
  const isSlow = fc.boolean()
  return fc.oneof(
    fc.tuple(id, day, facts, isSlow).map(
      ([txn_id, on, rest, slow]): Happening =>
        (world) =>
          world.write(txn_id, slow, async (trx) => {
            await remove(trx, txn_id)
            await insertClean(trx, { txn_id, at: noonOf(on), ...rest })
          }),
    ),
    fc.tuple(id, facts, isSlow).map(
      ([txn_id, { status, amount, payee }, slow]): Happening =>
        (world) =>
          world.write(txn_id, slow, async (trx) => {
            await sql`update clean_upi_transactions set status = ${status}, amount = ${amount},
            payee = ${payee}, changed_xid = pg_current_xact_id()::text::bigint
            where txn_id = ${txn_id}`.execute(trx)
          }),
    ),
    fc.tuple(id, isSlow).map(
      ([txn_id, slow]): Happening =>
        (world) =>
          world.write(txn_id, slow, async (trx) => await remove(trx, txn_id)),
    ),
  )
}

/** What happens to builds: alone, several at once, of one day, given up, killed; and slow writers that commit. */
function built(): fc.Arbitrary<Happening> {
  const patience = fc.integer({ min: 0, max: 40 })
  return fc.oneof(
    fc.constant<Happening>(async () => {
      await refresh(db)
    }),
    fc.constant<Happening>(async () => {
      await Promise.all([refresh(db), refresh(db), buildDay(db, DAYS[1] as string)])
    }),
    fc.constantFrom(...DAYS).map(
      (day): Happening =>
        async () => {
          await buildDay(db, day)
        },
    ),
    fc.constantFrom(...DAYS).map(
      (day): Happening =>
        async () => {
          await backfill(day)
        },
    ),
    fc.constant<Happening>(async () => {
      await Promise.all([...DAYS.map(backfill), refreshDirty(around()), refresh(db)])
    }),
    patience.map(
      (ms): Happening =>
        async () => {
          await refresh(db, { signal: AbortSignal.timeout(ms) }).catch(() => {})
        },
    ),
    patience.map(
      (ms): Happening =>
        async () => {
          const killed = Promise.allSettled([refresh(db), ...DAYS.map(backfill)])
          await sql`select pg_sleep(${ms / 1000}), pg_terminate_backend(pid) from pg_stat_activity
        where usename = 'upi_transform' and datname = current_database()`.execute(admin)
          await killed
          // The pool hears of its dead connections one by one.
          await eventually(() => Promise.all([1, 2, 3, 4].map(() => sql`select 1`.execute(db))))
        },
    ),
    fc.constant<Happening>((world) => world.settle()),
  )
}

/** What a backfill does with a day. */
async function backfill(day: string): Promise<void> {
  await prepare(around())
  if (!(await runEmptyDay(around(), day, { closes: true }))) {
    await runDay(around(), day, { closes: true })
  }
}

function around() {
  return { db, graph: GRAPH, actor: 'test', reason: 'backfill' }
}

/** The figures of each day that has been closed, by day and revision. */
async function tellDays(): Promise<{ told: string; figures: string }[]> {
  const marts = GRAPH.models.filter(({ kind }) => kind === 'by day')
  const rows = marts.map(
    ({ name, day }) =>
      sql`select to_jsonb(m) - 'changed_xid' as row from ${sql.table(name)} as m where ${day} = business_date`,
  )
  const { rows: days } = await sql<{ told: string; figures: string }>`
    select concat(business_date, ', revision ', revision) as told,
      (select coalesce(jsonb_agg(row order by row), '[]')::text from (${sql.join(rows, sql` union all `)}) as rows) as figures
    from ops.days where state <> 'open'`.execute(admin)
  return days
}

/** Writers that have not committed yet, by the transaction whose row they hold. */
class World {
  readonly #open = new Map<string, ControlledTransaction<Database>>()

  async write(
    txn_id: string,
    isSlow: boolean,
    work: (trx: Kysely<Database>) => Promise<void>,
  ): Promise<void> {
    const held = this.#open.get(txn_id)
    if (held !== undefined) return await work(held)
    const trx = await admin.startTransaction().execute()
    await work(trx)
    if (isSlow && this.#open.size < 3) this.#open.set(txn_id, trx)
    else await trx.commit().execute()
  }

  async settle(): Promise<void> {
    for (const trx of this.#open.values()) await trx.commit().execute()
    this.#open.clear()
  }
}

// As the stream does: a row that leaves a day cannot be seen there any more, so the day is marked with it.
async function remove(trx: Kysely<Database>, txn_id: string): Promise<void> {
  await sql`with gone as (
      delete from clean_upi_transactions where txn_id = ${txn_id} returning business_date
    )
    insert into ops.dirty_keys (business_date, reason) select business_date, 'moved' from gone`.execute(
    trx,
  )
}

function noonOf(day: string): string {
  return `${day}T12:00:00+05:30`
}
