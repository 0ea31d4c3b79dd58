import type { Client } from '@temporalio/client'
import fc from 'fast-check'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { type ActivityDeps, createActivities } from '../activities/index.ts'
import { STATUSES } from '../core/status.ts'
import { createBackups } from '../platform/backup/backups.ts'
import { checkBooks } from '../platform/books/check-books.ts'
import { createDatabase } from '../platform/postgres.ts'
import { createReadAgain } from '../streaming/read-again.ts'
import type { RebuildCleanInput, RebuildCleanResult } from '../workflows/rebuild-clean.ts'
import { RULES } from './fixtures/records.ts'
import { useStack } from './harness.ts'
import { SinkTopic, sinkPool } from './sink-topic.ts'
import { withWorker } from './temporal-worker.ts'

const own = useStack('database', 'namespace')
const AROUND = { from: '2026-01-29', to: '2026-02-01' }
const RANGE = { from: '2026-01-28', to: '2026-02-02' }
let pool: pg.Pool
let ingest: pg.Pool
let activities: ReturnType<typeof createActivities>
let runs = 0

beforeAll(() => {
  pool = own.pool()
  ingest = sinkPool(own)
  activities = createActivities(deps())
})

function deps(): ActivityDeps {
  return {
    db: createDatabase(own.pool('upi_transform')),
    ingest,
    rules: RULES,
    rulesVersion: { version: 'test', settings: {} },
    loadSchema: async () => {},
    topic: own.name,
    readLog: async () => ({}),
    readOffsets: async () => new Map(),
    retentionDays: 30,
    backups: createBackups(own.configFor()),
  }
}

async function rebuild(
  client: Client,
  input: Partial<RebuildCleanInput> = {},
): Promise<RebuildCleanResult> {
  runs += 1
  return await client.workflow.execute('rebuildClean', {
    workflowId: `rebuild-clean/${runs}`,
    taskQueue: own.name,
    args: [{ ...RANGE, actor: 'meera', ...input }],
  })
}

/** What changed, by reason: the ids of the transactions. */
function changesOf({ days }: RebuildCleanResult): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const { reasons } of days) {
    for (const [reason, { examples }] of Object.entries(reasons)) {
      found[reason] = [...(found[reason] ?? []), ...examples].toSorted()
    }
  }
  return found
}

async function notBalanced() {
  const readAgain = createReadAgain(RULES, async () => {})
  const books = await checkBooks(pool, readAgain)
  return books.filter(({ state }) => state !== 'balanced')
}

/** All rows with the places where they lie: a row that is not written stays in its place. */
async function rowsOfClean(): Promise<Map<string, string>> {
  const { rows } = await pool.query(
    `select txn_id || ' ' || business_date as key, ctid::text || xmin::text as place
       from clean_upi_transactions`,
  )
  return new Map(rows.map(({ key, place }) => [key, place]))
}

const on = (day: string, more: object = {}) => ({
  fields: { timestamp: `${day}T10:30:00+05:30`, ...more },
  key: null,
})

test('a rebuild changes just the rows that differ from raw, and says why', async () => {
  const topic = new SinkTopic(own.name)
  const sink = await topic.sink(ingest)
  for (const txn_id of ['FINE', 'GONE', 'TOLD', 'CLASS', 'COUNT']) {
    await topic.send(sink, 0, on('2026-02-01', { txn_id, status: 'FAILED', response_code: 'U28' }))
  }
  // Far apart, which the stream keeps apart; and beside each other.
  await topic.send(sink, 1, on('2026-02-01', { txn_id: 'FAR' }))
  await topic.send(sink, 2, on('2026-01-28', { txn_id: 'FAR', status: 'PENDING' }))
  await topic.send(sink, 1, on('2026-02-01', { txn_id: 'NEAR' }))
  await topic.send(sink, 2, on('2026-01-31', { txn_id: 'NEAR', status: 'PENDING' }))
  // By Kafka's time they came together, and partition 0 is before 1.
  await topic.send(sink, 1, on('2026-02-01', { txn_id: 'WHO', amount: '20.00' }))
  await topic.send(sink, 0, on('2026-02-01', { txn_id: 'WHO', amount: '10.00' }))
  expect(await notBalanced()).toMatchObject([{ name: 'fold', state: 'waits' }])
  await pool.query(`
    delete from clean_upi_transactions where txn_id = 'GONE';
    update clean_upi_transactions set city = 'Pune' where txn_id = 'TOLD';
    update clean_upi_transactions set decline_class = 'BD' where txn_id = 'CLASS';
    update clean_upi_transactions set messages = 7 where txn_id = 'COUNT';
    insert into clean_upi_transactions (txn_id, business_date, event_time, payer_key, payee_key,
      amount, status, payer, payer_handle, payee, payee_handle)
    select 'EXTRA', business_date, event_time, payer_key, payee_key, amount, status, payer,
      payer_handle, payee, payee_handle from clean_upi_transactions where txn_id = 'FINE'`)
  const before = await rowsOfClean()
  const changes = {
    'differs: city': ['TOLD'],
    'differs: decline_class': ['CLASS'],
    'differs: messages': ['COUNT'],
    'identity order': ['WHO'],
    missing: ['GONE'],
    'pair merged': ['FAR'],
    surplus: ['EXTRA'],
  }
  await withWorker(own.configFor(), activities, async (client) => {
    const dry = await rebuild(client, { dryRun: true })
    expect(await rowsOfClean()).toEqual(before)
    const far = { ...changes, 'pair merged': ['FAR', 'FAR'] }
    expect(changesOf(dry)).toEqual(far)
    const done = await rebuild(client)
    expect(changesOf(done)).toEqual(changes)
    expect(done.built).toEqual(['2026-01-28', '2026-02-01'])
    expect(await notBalanced()).toEqual([])
    const after = await rowsOfClean()
    const same = [...after].filter(([key, place]) => before.get(key) === place)
    expect(same.map(([key]) => key).toSorted()).toEqual(['FINE 2026-02-01', 'NEAR 2026-01-31'])
    const again = await rebuild(client)
    expect(changesOf(again)).toEqual({})
    expect(again.built).toEqual([])
    expect(await rowsOfClean()).toEqual(after)
  })
  const { rows } = await pool.query(
    `select total_txns::integer from daily_upi_summary where date = '2026-02-01'`,
  )
  expect(rows).toEqual([{ total_txns: 6 }])
})

test('rows under older rules are told apart from rows that are wrong', async () => {
  await pool.query(`update ops.stream_batches set rules_version = 'older' where kind = 'stream'`)
  await pool.query(`update clean_upi_transactions set decline_class = 'BD' where txn_id = 'CLASS'`)
  await withWorker(own.configFor(), activities, async (client) => {
    expect(changesOf(await rebuild(client))).toEqual({ 'rules changed: decline_class': ['CLASS'] })
  })
  expect(await notBalanced()).toEqual([])
})

test('what is in the lake is left alone', async () => {
  await pool.query(`insert into ops.days (business_date, archived_at) values ('2026-01-28', now())`)
  await pool.query(`delete from clean_upi_transactions where txn_id = 'FAR'`)
  await withWorker(own.configFor(), activities, async (client) => {
    const { days } = await rebuild(client)
    expect(days[0]).toMatchObject({ changed: 0, left: { 'in the lake': { examples: ['FAR'] } } })
    await pool.query('delete from ops.days')
    expect(changesOf(await rebuild(client))).toEqual({ missing: ['FAR'] })
  })
  expect(await notBalanced()).toEqual([])
})

test('what the present rules would refuse stays, by the rules under which it came', async () => {
  const stricter = createActivities({ ...deps(), rules: { ...RULES, amountLimitPaise: 1_000n } })
  const wide = {
    amount_limit: '1000000.00',
    txn_id_profile: 'lenient',
    naive_timestamp_zone: null,
    event_age_days_max: 400,
  }
  await withWorker(own.configFor(), stricter, async (client) => {
    const before = await rowsOfClean()
    const { days } = await rebuild(client, { from: '2026-02-01' })
    expect(days[0]?.left).toMatchObject({ 'refused now: AMOUNT_OVER_LIMIT': { transactions: 8 } })
    await pool.query('insert into ops.stream_rules (rules_version, settings) values ($1, $2)', [
      'wide',
      wide,
    ])
    const again = await rebuild(client, { from: '2026-02-01' })
    expect(again.days[0]).toMatchObject({ left: {}, changed: 0 })
    expect(await rowsOfClean()).toEqual(before)
  })
})

test('wrong days are refused', async () => {
  await withWorker(own.configFor(), activities, async (client) => {
    for (const wrong of [{ to: '2026-01-01' }, { from: 'today' }, { to: '2036-01-01' }]) {
      await expect(rebuild(client, wrong)).rejects.toMatchObject({
        cause: { type: 'OPTION_INVALID' },
      })
    }
  })
})

const said = fc.record({
  partition: fc.constantFrom(0, 1, 2),
  id: fc.constantFrom('A', 'B', 'C'),
  amount: fc.constantFrom('10.00', '10.00', '20.00'),
  status: fc.constantFrom(...STATUSES),
  type: fc.constantFrom(null, 'P2P', 'P2M', 'REFUND'),
  day: fc.constantFrom('2026-01-29', '2026-01-31', '2026-02-01', '2026-02-01'),
})
// Damage that the stream may meet, and such after which it would book a second time what it has booked already.
const MET = [
  `update clean_upi_transactions set type = 'P2P', city = 'X' where txn_id = any($1)`,
  `delete from ops.txn_conflicts where txn_id = any($1) and kind = 'status'`,
  `select $1::text[]`,
]
const NOT_MET = [
  `delete from clean_upi_transactions where txn_id = any($1)`,
  `update clean_upi_transactions set messages = messages + 1 where txn_id = any($1)`,
  `select $1::text[]`,
]

test('two rebuilds at once, while the stream writes the same transactions, lose nothing', async () => {
  await withWorker(own.configFor(), activities, async (client) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(said, { minLength: 2, maxLength: 12 }),
        fc.constantFrom(...MET),
        fc.constantFrom(...NOT_MET),
        async (given, met, notMet) => {
          runs += 1
          const run = `R${runs}`
          const topic = new SinkTopic(run)
          const write = async (some: typeof given) => {
            await Promise.all(
              [0, 1, 2].map(async (partition) => {
                const sink = await topic.sink(ingest)
                for (const { id, day, partition: at, ...fields } of some) {
                  if (at !== partition) continue
                  await topic.send(sink, partition, on(day, { ...fields, txn_id: `${run}${id}` }))
                }
              }),
            )
          }
          const middle = given.length >> 1
          await write(given.slice(0, middle))
          const ids = [`${run}A`, `${run}B`]
          await pool.query(met, [ids])
          await Promise.all([rebuild(client, AROUND), write(given.slice(middle))])
          await rebuild(client, AROUND)
          await pool.query(notMet, [ids])
          await Promise.all([rebuild(client, AROUND), rebuild(client, AROUND)])
          expect(await notBalanced()).toEqual([])
          const before = await rowsOfClean()
          expect(changesOf(await rebuild(client, AROUND))).toEqual({})
          expect(await rowsOfClean()).toEqual(before)
        },
      ),
      { numRuns: 8, endOnFailure: true },
    )
  })
}, 90_000)
