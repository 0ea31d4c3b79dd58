import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Book } from '../platform/books/book.ts'
import { checkBooks, readBooks } from '../platform/books/check-books.ts'
import type { KafkaRecord } from '../streaming/processor.ts'
import { createReadAgain } from '../streaming/read-again.ts'
import { runPipeline } from '../streaming/run-pipeline.ts'
import { createSink, type Sink } from '../streaming/sink.ts'
import { aFields, aRecord, RULES } from './fixtures/records.ts'
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
    readLog: async () => ({
      clusterId: 'a cluster',
      timestamps: 'LogAppendTime',
      partitions: new Map([
        [0, { start: 3n, end: 99n }],
        [1, { start: 0n, end: 99n }],
      ]),
    }),
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
    from: BigInt(from),
    next: BigInt(next ?? from + values.length),
    rawDay: '2026-02-01',
    outcome: runPipeline(records, RULES),
  }
  await sink.write(sink.prepare(batch), async () => {})
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

test('the books of a stream that was written rightly balance, and the table shows how', async () => {
  const books = await checkBooks(pool, readAgain)
  expect(books.filter(({ state }) => state !== 'balanced')).toEqual([])
  expect(books).toHaveLength(13)
})

const RAW = 'raw_upi_transactions'
const CLEAN = 'clean_upi_transactions'
const DEAD = 'rejected_upi_transactions'
/** Says a row again, under another value of some columns. */
const again = (table: string, where: string, columns: Record<string, string>) =>
  `insert into ${table} select (jsonb_populate_record(row, jsonb_build_object(${Object.entries(
    columns,
  )
    .map(([name, value]) => `'${name}', ${value}`)
    .join(', ')}))).* from ${table} as row where ${where}`

/** One thing broken by hand, and the books that must show it. */
const BROKEN: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a message is missing in raw',
    `delete from ${RAW} where txn_id = 'DECLINED1'`,
    ['batches', 'raw', 'fold'],
  ],
  [
    'a message is in raw twice',
    again(RAW, `txn_id = 'DECLINED1'`, { kafka_timestamp: `row.kafka_timestamp + '1 ms'` }),
    ['batches', 'raw', 'raw once', 'messages'],
  ],
  [
    'a message of raw is at another offset',
    `update ${RAW} set kafka_offset = 77 where txn_id = 'DECLINED1'`,
    ['batches'],
  ],
  [
    'a message of raw is of another epoch',
    `update ${RAW} set epoch = 1 where txn_id = 'DECLINED1'`,
    ['batches', 'raw'],
  ],
  [
    'a message of raw says something else',
    `update ${RAW} set payload = replace(payload, '249.50', '249.51') where txn_id = 'DECLINED1'`,
    ['fold', 'messages', 'conflicts'],
  ],
  [
    'a message of raw is filed under another transaction',
    `update ${RAW} set txn_id = 'REFUND1' where txn_id = 'DECLINED1'`,
    ['judgement', 'fold'],
  ],
  [
    'a message of raw is filed under another day',
    `update ${RAW} set business_date = '2026-02-02' where txn_id = 'DECLINED1'`,
    ['judgement', 'fold'],
  ],
  [
    'an accepted message is taken for a rejected one',
    `update ${RAW} set txn_id = null where txn_id = 'DECLINED1'`,
    ['raw', 'rejected once', 'fold'],
  ],
  [
    'a dead letter is missing',
    `delete from ${DEAD} where reason_code = 'NOT_JSON'`,
    ['raw', 'rejected once'],
  ],
  [
    'a dead letter is there twice',
    again(DEAD, `reason_code = 'NOT_JSON'`, { epoch: '1' }),
    ['raw', 'rejected once'],
  ],
  [
    'a dead letter has another reason',
    `update ${DEAD} set reasons = array['EMPTY'] where reason_code = 'NOT_JSON'`,
    ['judgement'],
  ],
  [
    'a batch is missing',
    `delete from ops.stream_batches where first_offset = 3`,
    ['spans', 'raw', 'clean', 'conflicting'],
  ],
  [
    'the last batch is missing',
    `delete from ops.stream_batches where kafka_partition = 1`,
    ['offsets', 'raw', 'clean'],
  ],
  [
    'a batch is booked twice',
    again('ops.stream_batches', 'first_offset = 3', {
      batch_id: '1000000',
      first_offset: '4',
    }).replace(' select', ' overriding system value select'),
    ['spans', 'batches', 'raw', 'clean', 'conflicting'],
  ],
  [
    'a batch begins at another offset',
    `update ops.stream_batches set first_offset = 4 where first_offset = 3`,
    ['spans', 'batches'],
  ],
  [
    'a batch has one gap more',
    `update ops.stream_batches set gaps = gaps + 1 where first_offset = 8`,
    ['batches'],
  ],
  [
    'a rejected message is booked as accepted',
    `update ops.stream_batches set accepted = accepted + 1, rejected = rejected - 1,
       duplicate = duplicate + 1 where first_offset = 3`,
    ['raw', 'clean'],
  ],
  [
    'a duplicate is booked as inserted',
    `update ops.stream_batches set inserted = inserted + 1, duplicate = duplicate - 1
      where first_offset = 8`,
    ['clean'],
  ],
  [
    'a conflict is booked as a duplicate',
    `update ops.stream_batches set conflicting = conflicting - 1, duplicate = duplicate + 1
      where first_offset = 3`,
    ['clean', 'conflicting'],
  ],
  ['the gap at the start is not on record', `delete from ops.stream_gaps`, ['spans']],
  ['a gap reaches into what was read', `update ops.stream_gaps set next_offset = 4`, ['spans']],
  [
    'a stored offset is one too far',
    `update ops.stream_offsets set next_offset = next_offset + 1 where kafka_partition = 1`,
    ['offsets'],
  ],
  [
    'a stored offset is one behind',
    `update ops.stream_offsets set next_offset = next_offset - 1 where kafka_partition = 0`,
    ['offsets'],
  ],
  [
    'a stored offset is missing',
    `delete from ops.stream_offsets where kafka_partition = 0`,
    ['offsets'],
  ],
  [
    'a row of clean is missing',
    `delete from ${CLEAN} where txn_id = 'DECLINED1'`,
    ['clean', 'minute metrics', 'fold'],
  ],
  [
    'a row of clean is there twice, on neighbouring days',
    `select ops.ensure_partitions('${CLEAN}', array['2026-02-02']::date[]);
     ${again(CLEAN, `txn_id = 'DECLINED1'`, {
       business_date: `'2026-02-02'`,
       event_time: `row.event_time + '1 day'`,
     })}`,
    ['clean', 'minute metrics', 'fold'],
  ],
  [
    'a row of clean was never sent',
    again(CLEAN, `txn_id = 'DECLINED1'`, { txn_id: `'INVENTED'` }),
    ['clean', 'minute metrics', 'fold'],
  ],
  [
    'an amount is one paisa more',
    `update ${CLEAN} set amount = amount + 0.01 where txn_id = 'PAID'`,
    ['minute metrics', 'fold', 'messages', 'conflicts'],
  ],
  [
    'a row is counted one message more',
    `update ${CLEAN} set messages = messages + 1 where txn_id = 'PAID'`,
    ['clean', 'messages'],
  ],
  ...(
    [
      ['status', `'REVERSED'`, ['minute metrics', 'fold']],
      ['event_time', `event_time + '1 microsecond'`, ['fold']],
      ['completed_at', `completed_at + '1 microsecond'`, ['fold']],
      ['latency_ms', 'latency_ms + 1', ['fold']],
      ['latency_ms', 'latency_ms + 1000', ['minute metrics', 'fold']],
      ['city', 'null', ['fold']],
      ['rrn', `'603210123456'`, ['fold']],
      ['payer', `'someone'`, ['fold']],
      ['payer_handle', `'ybl'`, ['minute metrics', 'fold']],
      ['type', `'P2P'`, ['minute metrics', 'fold']],
      ['decline_class', `'TD'`, ['minute metrics', 'fold']],
      ['payee_key', 'payer_key', ['fold', 'messages', 'conflicts']],
    ] as const
  ).map(
    ([column, value, books]) =>
      [
        `${column} of a row becomes ${value}`,
        `update ${CLEAN} set ${column} = ${value} where txn_id = 'PAID'`,
        books,
      ] as const,
  ),
  ...(
    [
      'txns',
      'amount',
      'td',
      'bd',
      'p2p',
      'p2m',
      'refunds',
      'refund_amount',
      'latency_over',
    ] as const
  ).map(
    (column) =>
      [
        `${column} of a minute is one more`,
        `update ops.minute_metrics set ${column} = ${column} + 1 where status = 'DECLINED'`,
        ['minute metrics'],
      ] as const,
  ),
  [
    'a minute is missing',
    `delete from ops.minute_metrics where status = 'DECLINED'`,
    ['minute metrics'],
  ],
  [
    'an amount is left in a minute without payments',
    `insert into ops.minute_metrics (window_start, kafka_partition, payer_handle, status, amount)
     values ('2026-02-01 00:00Z', 0, 'ybl', 'FAILED', 1)`,
    ['minute metrics'],
  ],
  [
    'an identity conflict is not in the log',
    `delete from ops.txn_conflicts where kind = 'identity'`,
    ['conflicting', 'conflicts'],
  ],
  [
    'an identity conflict is in the log under another offset',
    `update ops.txn_conflicts set kafka_offset = 5 where kind = 'identity'`,
    ['conflicts'],
  ],
  [
    'a status conflict is not in the log',
    `delete from ops.txn_conflicts where kind = 'status'`,
    ['conflicts'],
  ],
  [
    'the log has a status conflict that is none',
    `update ops.txn_conflicts set txn_id = 'PAID', kafka_offset = 3 where kind = 'status'`,
    ['conflicts'],
  ],
]

test.each(BROKEN)('%s: it is found', async (_, sql, books) => {
  await client.query(sql)
  const found = await readBooks(client, readAgain)
  expect(namesOf(found, 'broken').toSorted()).toEqual([...books].toSorted())
  for (const { state, line, keys } of found) {
    expect(line).not.toMatch(/@|249/)
    if (state === 'broken') expect(keys.length).toBeGreaterThan(0)
  }
})
