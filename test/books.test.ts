import type pg from 'pg'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { FOLD_SUSPECTS_MAX } from '../core/limits.ts'
import type { Book } from '../platform/books/book.ts'
import { checkBooks, readBooks } from '../platform/books/check-books.ts'
import type { KafkaRecord } from '../streaming/processor.ts'
import { createReadAgain } from '../streaming/read-again.ts'
import { runPipeline } from '../streaming/run-pipeline.ts'
import { createSink, type Sink } from '../streaming/sink.ts'
import { BROKEN } from './fixtures/broken-books.ts'
import { aFields, aRecord, KAFKA_MILLIS, RULES } from './fixtures/records.ts'
import { aTopicLog } from './fixtures/topic-log.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
const readAgain = createReadAgain(RULES, async () => {})
let pool: pg.Pool
let client: pg.PoolClient

beforeAll(async () => {
  pool = own.pool()
  const sink = createSink({
    pool: own.pool('upi_ingest'),
    group: 'books',
    topic: 'books',
    rules: { version: 'test', settings: {} },
    readLog: async () =>
      aTopicLog([
        { start: 3n, end: 99n },
        { start: 0n, end: 99n },
      ]),
  })
  await sink.findOffsets([0, 1])
  await write(sink, { partition: 0, from: 3 }, [
    aFields({ txn_id: 'PAID', type: 'P2M', status: 'PENDING' }),
    aFields({ txn_id: 'PAID', type: 'P2M', completed_at: '2026-02-01T10:30:01.480+05:30' }),
    aFields({ txn_id: 'CLAIMED', amount: '10.00' }),
    aFields({ txn_id: 'CLAIMED', amount: '99.00' }),
    '{"half',
  ])
  // The last two offsets hold no message.
  await write(sink, { partition: 0, from: 8, next: 13 }, [
    aFields({ txn_id: 'PAID', type: 'P2M', status: 'PENDING' }),
    aFields({ txn_id: 'DOUBTFUL' }),
    aFields({ txn_id: 'DOUBTFUL', status: 'FAILED', response_code: 'Z9' }),
  ])
  await write(sink, { partition: 1, from: 0 }, [
    aFields({ txn_id: 'REFUND1', type: 'REFUND', amount: '3.00' }),
    aFields({ txn_id: 'DECLINED1', type: 'P2P', status: 'DECLINED', response_code: 'Z9' }),
    Buffer.from([0xff, 0xfe]),
    aFields({ txn_id: 'PAID', type: 'P2M', city: 'Pune' }),
  ])
})

async function write(
  sink: Sink,
  { partition, from, next }: { partition: number; from: number; next?: number },
  values: unknown[],
): Promise<void> {
  const records = values.map(
    (value, index): KafkaRecord => ({ ...aRecord(value), partition, offset: String(from + index) }),
  )
  const batch = {
    partition,
    epoch: 0,
    latestMs: KAFKA_MILLIS,
    from: BigInt(from),
    next: BigInt(next ?? from + values.length),
    rawDay: '2026-02-01',
    outcome: runPipeline(records, RULES),
  }
  await sink.write(sink.prepare(batch))
}

beforeEach(async () => {
  client = await pool.connect()
  await client.query('begin')
  return async () => {
    await client.query('rollback')
    client.release()
  }
})

const namesOf = (books: readonly Book[], state: Book['state']) =>
  books.filter((book) => book.state === state).map(({ name }) => name)

test('the books of a stream that was written rightly balance, and its own role may read them', async () => {
  const books = await checkBooks(own.pool('upi_ingest'), readAgain)
  expect(books.filter(({ state }) => state !== 'balanced')).toEqual([])
  expect(books).toHaveLength(13)
})

test.each(BROKEN)('%s: it is found', async (_, sql, books) => {
  await client.query(sql)
  const found = await readBooks(client, { readAgain })
  expect(namesOf(found, 'broken').toSorted()).toEqual([...books].toSorted())
  for (const { state, line, keys } of found) {
    expect(line).not.toMatch(/@|249/)
    if (state === 'broken') expect(keys.length).toBeGreaterThan(0)
  }
})

test('a wrong row is found beside however many transactions that must be looked at one by one', async () => {
  await client.query(
    `insert into ops.txn_conflicts (kind, topic, kafka_partition, kafka_offset, txn_id, business_date)
     select 'status', 'books', 0, 1000 + n, 'DOUBTFUL' || n, '2026-02-01'
       from generate_series(1, ${FOLD_SUSPECTS_MAX}) as n`,
  )
  await client.query(`update clean_upi_transactions set city = null where txn_id = 'PAID'`)
  const found = await readBooks(client, { readAgain })
  expect(found.find(({ name }) => name === 'fold')).toMatchObject({ wrong: 1, keys: ['PAID'] })
  expect(found.find(({ name }) => name === 'conflicts')).toMatchObject({ wrong: FOLD_SUSPECTS_MAX })
}, 30_000)
