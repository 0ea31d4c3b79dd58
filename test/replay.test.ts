import type { Client } from '@temporalio/client'
import fc from 'fast-check'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { type ActivityDeps, createActivities } from '../activities/index.ts'
import { STATUSES } from '../core/status.ts'
import { createBackups } from '../platform/backup/backups.ts'
import type { Book } from '../platform/books/book.ts'
import { checkBooks } from '../platform/books/check-books.ts'
import { createDatabase } from '../platform/postgres.ts'
import type { Rules } from '../streaming/processor.ts'
import { createReadAgain } from '../streaming/read-again.ts'
import type { ReplayRejectedInput, ReplayRejectedResult } from '../workflows/replay-rejected.ts'
import { RULES } from './fixtures/records.ts'
import { useStack } from './harness.ts'
import { SinkTopic, sinkPool } from './sink-topic.ts'
import { withWorker } from './temporal-worker.ts'

const own = useStack('database', 'namespace')
// Under these, what costs more than 15 rupees was rejected.
const STRICT: Rules = { ...RULES, amountLimitPaise: 1_500n }
let pool: pg.Pool
let ingest: pg.Pool
let activities: ReturnType<typeof createActivities>
let runs = 0

beforeAll(() => {
  pool = own.pool()
  ingest = sinkPool(own)
  activities = createActivities(depsFor(own.name))
})

function depsFor(topic: string): ActivityDeps {
  return {
    db: createDatabase(own.pool('upi_transform')),
    ingest,
    rules: RULES,
    rulesVersion: { version: 'relaxed', settings: {} },
    loadSchema: async () => {},
    topic,
    readLog: async () => ({}),
    readOffsets: async () => new Map(),
    retentionDays: 30,
    backups: createBackups(own.configFor()),
  }
}

async function replay(
  client: Client,
  input: ReplayRejectedInput = {},
): Promise<ReplayRejectedResult> {
  runs += 1
  return await client.workflow.execute('replayRejected', {
    workflowId: `replay-rejected/${runs}`,
    taskQueue: own.name,
    args: [{ actor: 'meera', ...input }],
  })
}

async function notBalanced() {
  const readAgain = createReadAgain(RULES, async () => {})
  const books = await checkBooks(pool, readAgain)
  return books.filter(({ state }) => state === 'broken')
}

/** Those that are broken by others than the letters of a topic that are judged otherwise now, and stay. */
async function brokenBut(topic: string) {
  const isOther = ({ name, keys }: Book) =>
    name !== 'judgement' || keys.some((key) => !key.startsWith(`${topic}/`))
  return (await notBalanced()).filter(isOther)
}

async function countOf(sql: string, ...values: unknown[]): Promise<number> {
  const { rows } = await pool.query(`select count(*)::integer as n from ${sql}`, values)
  return rows[0].n
}

test('what the rules accept by now goes into clean in place, and the rest stays with its new reasons', async () => {
  const topic = new SinkTopic(own.name, STRICT)
  const sink = await topic.sink(ingest)
  await topic.send(
    sink,
    0,
    { fields: { txn_id: 'P1', amount: '10.00', status: 'PENDING' } },
    { fields: { txn_id: 'P1', amount: '20.00' } },
    { fields: { txn_id: 'P2', amount: '20.00' } },
    { fields: { txn_id: 'P2', amount: '20.00' } },
    { fields: { txn_id: 'P3', amount: '20.00', status: 'MAYBE' } },
    { value: '{"half' },
  )
  await topic.send(sink, 1, { fields: { txn_id: 'P4', amount: '30.00' } })
  await withWorker(own.configFor(), activities, async (client) => {
    const dry = await replay(client, { dryRun: true })
    expect(dry.letters).toBe(6)
    expect(await countOf(`rejected_upi_transactions where resolution is null`)).toBe(6)
    const { counts, first } = await replay(client)
    expect(counts).toEqual([
      { code: 'AMOUNT_OVER_LIMIT', outcome: 'conflicting', reason: null, letters: 1 },
      { code: 'AMOUNT_OVER_LIMIT', outcome: 'accepted', reason: null, letters: 3 },
      { code: 'AMOUNT_OVER_LIMIT', outcome: 'rejected', reason: 'STATUS_UNKNOWN', letters: 1 },
      { code: 'NOT_JSON', outcome: 'rejected', reason: 'NOT_JSON', letters: 1 },
    ])
    expect(first.map(({ partition, offset }) => `${partition}:${offset}`)).toEqual([
      '0:1',
      '0:2',
      '0:3',
      '0:4',
      '0:5',
      '1:0',
    ])
    expect((await replay(client)).letters).toBe(2)
  })
  const { rows } = await pool.query(
    `select kind, messages, accepted, rejected, inserted, merged, duplicate, conflicting, rules_version
       from ops.stream_batches where kind = 'replay' order by kafka_partition`,
  )
  expect(rows).toMatchObject([
    { accepted: 3, rejected: -3, inserted: 1, duplicate: 1, conflicting: 1, messages: 0 },
    { accepted: 1, rejected: -1, inserted: 1, rules_version: 'relaxed' },
  ])
  expect(
    await countOf(`raw_upi_transactions where txn_id = 'P2' and business_date = '2026-02-01'`),
  ).toBe(2)
  expect(await countOf(`ops.audit_log where action = 'replay rejected' and actor = 'meera'`)).toBe(
    3,
  )
  expect(await notBalanced()).toEqual([expect.objectContaining({ name: 'judgement' })])
})

const deliveries = fc.array(
  fc.record({
    partition: fc.constantFrom(0, 1, 2),
    id: fc.constantFrom('A', 'B', 'C'),
    amount: fc.constantFrom('10.00', '20.00', '20.00'),
    status: fc.constantFrom(...STATUSES),
    second: fc.constantFrom(-61, -1, 0, 1, 90),
    key: fc.constantFrom(undefined, null),
  }),
  { minLength: 2, maxLength: 14 },
)

test('while the stream writes the same transactions, and two replays at once, no book is broken', async () => {
  await pool.query(`update rejected_upi_transactions
    set resolution = 'discarded', resolved_at = now() where resolution is null`)
  await withWorker(own.configFor(), activities, async (client) => {
    await fc.assert(
      fc.asyncProperty(deliveries, async (given) => {
        runs += 1
        const run = `S${runs}`
        const topic = new SinkTopic(run, STRICT)
        const midnight = Date.parse('2026-02-01T00:00:00+05:30')
        const write = async (some: typeof given) => {
          await Promise.all(
            [0, 1, 2].map(async (partition) => {
              const sink = await topic.sink(ingest)
              for (const { id, second, key, partition: at, ...fields } of some) {
                if (at !== partition) continue
                const timestamp = new Date(midnight + 1000 * second).toISOString()
                const said = { ...fields, txn_id: `${run}${id}`, timestamp }
                const message = key === undefined ? { fields: said } : { fields: said, key }
                await topic.send(sink, partition, message)
              }
            }),
          )
        }
        const middle = given.length >> 1
        await write(given.slice(0, middle))
        const places = await pool.query(
          `select topic, kafka_partition as partition, kafka_offset::text as "offset"
             from rejected_upi_transactions where topic = $1`,
          [run],
        )
        const ids = places.rows
        const [one, two] = await Promise.all([
          replay(client, { ids }),
          replay(client, { ids }),
          write(given.slice(middle)),
        ])
        const last = await countOf(
          `rejected_upi_transactions where topic = $1 and resolution is null`,
          run,
        )
        const isIn = ({ outcome }: { outcome: string }) => outcome !== 'taken'
        const replayed = [...one.first, ...two.first].filter(isIn)
        expect(replayed).toHaveLength(ids.length)
        const rest = await pool.query(
          `select topic, kafka_partition as partition, kafka_offset::text as "offset"
             from rejected_upi_transactions where topic = $1 and resolution is null`,
          [run],
        )
        expect((await replay(client, { ids: rest.rows })).letters).toBe(last)
        expect(await brokenBut(own.name)).toEqual([])
      }),
      { numRuns: 20 },
    )
  })
}, 60_000)
