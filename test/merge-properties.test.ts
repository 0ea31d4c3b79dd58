import fc from 'fast-check'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { merchantOf } from '../core/merchant.ts'
import { mergePayments } from '../core/merge.ts'
import type { Payment } from '../core/payment.ts'
import { STATUSES } from '../core/status.ts'
import { formatInstant } from '../core/time.ts'
import { checkBooks } from '../platform/books/check-books.ts'
import { partitionOf } from '../platform/partitioner.ts'
import { withConnection } from '../platform/postgres.ts'
import { type CleanRow, lockClean } from '../platform/queries/clean.ts'
import type { PreparedBatch } from '../streaming/batch.ts'
import { type Message, mergeTransaction } from '../streaming/merge-transaction.ts'
import { createReadAgain } from '../streaming/read-again.ts'
import type { Written } from '../streaming/sink.ts'
import { brokenBooks } from './books.ts'
import { RULES } from './fixtures/records.ts'
import { useStack } from './harness.ts'
import { PARTITIONS, type SentMessage, SinkTopic, sinkPool } from './sink-topic.ts'

const own = useStack('database')
let pool: pg.Pool
let ingest: pg.Pool
let runs = 0

beforeAll(() => {
  pool = own.pool()
  ingest = sinkPool(own)
})

// The last seconds of 31 January in India and the first of 1 February; for three days, those of 30 January too.
const MIDNIGHT = Date.parse('2026-02-01T00:00:00+05:30')
const aroundMidnight = fc
  .tuple(fc.constantFrom(-2, -1, 1, 90), fc.constantFrom(0, 0, 0, -86_400))
  .map(([seconds, days]) => MIDNIGHT + 1000 * (seconds + days))
const onTwoDays = fc.constantFrom(-61, -2, -1, 0, 1, 90).map((each) => MIDNIGHT + 1000 * each)

function said(millis: fc.Arbitrary<number>, amounts: readonly string[]) {
  const orNull = (...values: string[]) => fc.constantFrom(null, ...values)
  return fc
    .record({
      id: fc.constantFrom('A', 'B', 'C'),
      millis,
      completedMs: fc.option(fc.constantFrom(0, 100, 700, 40_000), { nil: null }),
      amount: fc.constantFrom(...amounts),
      status: fc.constantFrom(...STATUSES),
      type: orNull('P2P', 'P2M', 'REFUND'),
      response_code: orNull('00', 'Z9', 'U30|X|UP|Y'),
      city: orNull('Pune', 'पुणे', '\u{1f600}', '\uffee'),
      rrn: orNull('603210123456'),
    })
    .map(({ id, millis, completedMs, ...fields }) => ({
      ...fields,
      txn_id: id,
      timestamp: formatInstant(1000 * millis),
      completed_at: completedMs === null ? null : formatInstant(1000 * (millis + completedMs)),
    }))
}

type Said = ReturnType<typeof said> extends fc.Arbitrary<infer Value> ? Value : never

/** A message and how it is sent: under its id in the partition of that, or otherwise anywhere. */
interface Delivery {
  readonly said: Said
  readonly anywhere: number | null
  readonly key: string | null
  /** Whether a batch of its partition ends with it. */
  readonly isLast: boolean
}

function deliveries(messages: fc.Arbitrary<Said>): fc.Arbitrary<Delivery[]> {
  const sets = fc.array(messages, { minLength: 1, maxLength: 6 })
  const doubled = sets.chain((set) =>
    fc
      .subarray(set)
      .chain((again) =>
        fc.shuffledSubarray([...set, ...again], { minLength: set.length + again.length }),
      ),
  )
  return doubled.chain((order) =>
    fc.tuple(
      ...order.map((each) =>
        fc.record({
          said: fc.constant(each),
          anywhere: fc.option(fc.constantFrom(...PARTITIONS), { nil: null, freq: 2 }),
          key: fc.constantFrom(null, 'other'),
          isLast: fc.boolean(),
        }),
      ),
    ),
  )
}

interface Sent {
  readonly partition: number
  readonly message: SentMessage
  readonly isLast: boolean
}

function addressed(run: string, { said, anywhere, key, isLast }: Delivery): Sent {
  const fields = { ...said, txn_id: `${run}${said.txn_id}` }
  const home = partitionOf(Buffer.from(fields.txn_id), PARTITIONS.length)
  if (anywhere === null) return { partition: home, message: { fields }, isLast }
  return { partition: anywhere, message: { fields, key }, isLast }
}

/** Messages in batches, one after the other, each of one partition. */
function batched(sent: readonly Sent[]): Sent[][] {
  const batches: Sent[][] = []
  for (const each of sent) {
    const open = batches.at(-1)
    const last = open?.at(-1)
    if (open !== undefined && last?.partition === each.partition && !last.isLast) open.push(each)
    else batches.push([each])
  }
  return batches
}

async function newRun() {
  runs += 1
  const run = `R${runs}`
  const topic = new SinkTopic(run)
  return { run, topic, ids: ['A', 'B', 'C'].map((id) => `${run}${id}`) }
}

async function rowsOf(ids: readonly string[]): Promise<CleanRow[]> {
  const rows = await withConnection(pool, (client) =>
    lockClean(client, { date: '2026-01-31', often: false }, ids),
  )
  return rows.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
}

function placeOf({ payment }: Pick<CleanRow, 'payment'>): string {
  return `${payment.txn_id} ${payment.business_date}`
}

function sum(books: readonly Written[]): Record<string, number> {
  const names = ['accepted', 'inserted', 'merged', 'duplicate', 'conflicting', 'absorbed'] as const
  return Object.fromEntries(
    names.map((name) => [name, books.reduce((all, each) => all + each[name], 0)]),
  )
}

function grouped(messages: readonly Message[]): Message[][] {
  return [...Map.groupBy(messages, ({ payment }) => payment.txn_id).values()]
}

test('messages of one identity give one row each, whatever their order, batches and partitions, written at once', async () => {
  await fc.assert(
    fc.asyncProperty(deliveries(said(onTwoDays, ['10.00'])), async (given) => {
      const { run, topic, ids } = await newRun()
      const sent = given.map((each) => addressed(run, each))
      const accepted: Message[] = []
      const books: Written[] = []
      const sinks = await Promise.all(PARTITIONS.map(() => topic.sink(ingest)))
      await Promise.all(
        sinks.map(async (sink, partition) => {
          for (const part of batched(sent.filter((each) => each.partition === partition))) {
            const batch = topic.batch(
              sink,
              partition,
              part.map(({ message }) => message),
            )
            accepted.push(...batch.outcome.accepted)
            books.push(await topic.write(sink, batch))
          }
        }),
      )
      const expected = grouped(accepted).map((messages) => ({
        payment: messages.map(({ payment }) => payment).reduce(mergePayments),
        messages: messages.length,
      }))
      const rows = await rowsOf(ids)
      expect(rows).toEqual(expected.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)))
      const { inserted, absorbed, conflicting } = sum(books) as Record<string, number>
      expect([inserted, absorbed, conflicting]).toEqual([rows.length, 0, 0])
      expect(await brokenBooks(pool)).toEqual([])
    }),
    { numRuns: 30 },
  )
})

interface Fold {
  readonly rows: readonly CleanRow[]
  readonly conflicts: readonly string[]
  readonly counts: Record<string, number>
}

/** What messages say together, in memory and as one batch. */
function foldOf(messages: readonly Message[]): Fold {
  const effects = grouped(messages).map((each) => mergeTransaction([], each))
  const count = (name: 'inserted' | 'merged' | 'duplicate' | 'conflicting') =>
    effects.reduce((all, each) => all + each[name], 0)
  return {
    rows: effects.flatMap(({ rows }) =>
      rows.map(({ payment, messages }) => ({ payment, messages })),
    ),
    conflicts: effects
      .flatMap(({ conflicts }) => conflicts)
      .map(({ message, kind }) => `${message.record.partition}/${message.record.offset} ${kind}`),
    counts: {
      accepted: messages.length,
      inserted: count('inserted'),
      merged: count('merged'),
      duplicate: count('duplicate'),
      conflicting: count('conflicting'),
      absorbed: effects.reduce((all, { absorbed }) => all + absorbed.length, 0),
    },
  }
}

/** Days and merchants that rows left between two folds. */
function leftBetween(before: Fold, after: Fold): string[] {
  const keyOf = (payment: Payment) => `${payment.business_date} ${merchantOf(payment)}`
  return before.rows.flatMap(({ payment }) => {
    const same = after.rows.find((row) => placeOf(row) === placeOf({ payment }))
    return same !== undefined && keyOf(same.payment) === keyOf(payment) ? [] : [keyOf(payment)]
  })
}

test('messages that contradict each other give the rows, books, conflicts and marks of their fold in memory', async () => {
  await fc.assert(
    fc.asyncProperty(deliveries(said(aroundMidnight, ['10.00', '20.00'])), async (given) => {
      const { run, topic, ids } = await newRun()
      const sink = await topic.sink(ingest)
      const accepted: Message[] = []
      const books: Written[] = []
      const left: string[] = []
      const { mark } = await one<{ mark: string }>(
        'select coalesce(max(mark_id), 0) as mark from ops.dirty_keys',
      )
      for (const part of batched(given.map((each) => addressed(run, each)))) {
        const [{ partition }] = part as [Sent]
        const batch: PreparedBatch = topic.batch(
          sink,
          partition,
          part.map(({ message }) => message),
        )
        const before = foldOf(accepted)
        accepted.push(...batch.outcome.accepted)
        left.push(...leftBetween(before, foldOf(accepted)))
        books.push(await topic.write(sink, batch))
      }
      const fold = foldOf(accepted)
      expect(await rowsOf(ids)).toEqual(
        fold.rows.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)),
      )
      expect(sum(books)).toEqual(fold.counts)
      const { conflicts } = await one<{ conflicts: string[] }>(
        `select array(select kafka_partition || '/' || kafka_offset || ' ' || kind
                        from ops.txn_conflicts where topic = $1) as conflicts`,
        run,
      )
      expect(conflicts.toSorted()).toEqual(fold.conflicts.toSorted())
      const { marked } = await one<{ marked: string[] }>(
        `select array(select business_date || ' ' || coalesce(merchant, 'null')
                        from ops.dirty_keys where mark_id > $1) as marked`,
        mark,
      )
      expect(marked.toSorted()).toEqual(left.toSorted())
      expect(await brokenBooks(pool)).toEqual([])
    }),
    { numRuns: 40 },
  )
})

async function one<T>(sql: string, ...parameters: unknown[]): Promise<T> {
  return (await pool.query(sql, parameters)).rows[0] as T
}

test('after all of this no book is broken', async () => {
  const books = await checkBooks(
    pool,
    createReadAgain(RULES, async () => {}),
  )
  expect(books.filter(({ state }) => state === 'broken')).toEqual([])
})
