import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { PARTITION_DAYS_MAX } from '../core/limits.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
let admin: pg.Pool
let ingest: pg.Pool

beforeAll(() => {
  admin = own.pool()
  ingest = own.pool('upi_ingest')
})

describe('ensure_partitions', () => {
  test('makes the days that are missing, and says which', async () => {
    const range = `select * from ops.ensure_partitions('clean_upi_transactions', $1::date, $2::date)`
    const { rows: first } = await ingest.query(range, ['2026-01-01', '2026-01-02'])
    expect(first).toEqual([
      { day: '2026-01-01', outcome: 'made' },
      { day: '2026-01-02', outcome: 'made' },
    ])
    expect(await ensure('clean_upi_transactions', ['2026-01-04', '2026-01-02'])).toEqual([
      { day: '2026-01-02', outcome: 'there' },
      { day: '2026-01-04', outcome: 'made' },
    ])
  })

  test('knows raw and clean only, and so many sensible days a call', async () => {
    const refused = [
      ['upi_alerts', ['2026-01-01']],
      ['raw_upi_transactions; drop table x', ['2026-01-01']],
      ['raw_upi_transactions', ['2026-01-01', null]],
      ['raw_upi_transactions', ['12026-01-01']],
      ['raw_upi_transactions', sameDay(PARTITION_DAYS_MAX + 1)],
    ] as const
    for (const [parent, days] of refused) {
      await expect(ensure(parent, days)).rejects.toMatchObject({ code: '22023' })
    }
    expect(await ensure('raw_upi_transactions', sameDay(PARTITION_DAYS_MAX))).toHaveLength(1)
  })

  test('may be called by many sessions at once: each day is made once', async () => {
    for (const first of ['2026-03-01', '2026-03-05', '2026-03-09']) {
      const days = daysFrom(first, 4)
      const answers = await Promise.all(Array.from({ length: 8 }, () => ensureRetried(days)))
      expect(answers.flat().filter(({ outcome }) => outcome === 'made')).toHaveLength(days.length)
    }
  })

  test('waits for no open reader, and lets new ones in', async () => {
    await ensure('clean_upi_transactions', ['2026-04-01'])
    const reader = await admin.connect()
    try {
      await reader.query('begin')
      await reader.query('select count(*) from clean_upi_transactions')
      expect(await ensure('clean_upi_transactions', ['2026-04-02'])).toEqual([
        { day: '2026-04-02', outcome: 'made' },
      ])
      await admin.query('select count(*) from clean_upi_transactions')
      await reader.query('commit')
    } finally {
      reader.release()
    }
  })

  test('gives up soon behind a lock that does stop it, so that the caller may try again', async () => {
    const blocker = await admin.connect()
    try {
      await blocker.query('begin; lock table clean_upi_transactions in share update exclusive mode')
      const began = performance.now()
      await expect(ensure('clean_upi_transactions', ['2026-05-01'])).rejects.toMatchObject({
        code: '55P03',
      })
      expect(performance.now() - began).toBeLessThan(5000)
      await blocker.query('rollback')
      expect(await ensure('clean_upi_transactions', ['2026-05-01'])).toMatchObject([
        { outcome: 'made' },
      ])
    } finally {
      blocker.release()
    }
  })

  test('makes no empty day in the place of one that left for the lake', async () => {
    await admin.query(
      `insert into ops.days (business_date, archived_at) values ('2025-01-01', now())`,
    )
    await ensure('clean_upi_transactions', ['2025-01-02'])
    await admin.query(`alter table clean_upi_transactions
      detach partition partitions.clean_upi_transactions_20250102`)
    expect(await ensure('clean_upi_transactions', ['2025-01-01', '2025-01-02'])).toEqual([
      { day: '2025-01-01', outcome: 'archived' },
      { day: '2025-01-02', outcome: 'archived' },
    ])
    expect(await ensure('raw_upi_transactions', ['2025-01-01'])).toMatchObject([
      { outcome: 'made' },
    ])
  })
})

describe('rows', () => {
  test('of raw lie in the UTC day of Kafka, from its first microsecond to its last', async () => {
    await ensure('raw_upi_transactions', ['2026-06-01', '2026-06-02'])
    await ingest.query(`insert into raw_upi_transactions
      (kafka_timestamp, kafka_offset, kafka_partition, topic) values
      ('2026-06-01 00:00:00Z', 1, 0, 't'), ('2026-06-01 23:59:59.999999Z', 2, 0, 't'),
      ('2026-06-02 00:00:00Z', 3, 0, 't')`)
    const { rows } = await admin.query(`select tableoid::regclass::text as day, count(*)::int as n
      from raw_upi_transactions where topic = 't' group by 1 order by 1`)
    expect(rows).toEqual([
      { day: 'partitions.raw_upi_transactions_20260601', n: 2 },
      { day: 'partitions.raw_upi_transactions_20260602', n: 1 },
    ])
  })

  test('of clean lie in the IST day of their event time; another day is refused', async () => {
    await ensure('clean_upi_transactions', ['2026-06-01', '2026-06-02'])
    await insertClean('T1', '2026-05-31T18:30:00Z', '2026-06-01')
    await insertClean('T2', '2026-06-01T18:29:59.999999Z', '2026-06-01')
    await insertClean('T3', '2026-06-01T18:30:00Z', '2026-06-02')
    await expect(insertClean('T4', '2026-06-01T18:30:00Z', '2026-06-01')).rejects.toMatchObject({
      constraint: 'event_time_day',
    })
    await expect(insertClean('T5', '2026-07-01T18:30:00Z', '2026-07-02')).rejects.toMatchObject({
      message: expect.stringContaining('no partition'),
    })
  })
})

// Every index is paid for by the stream; each lookup here is why one is there.
const LOOKUPS: readonly (readonly [what: string, query: string, index: string])[] = [
  ['clean by txn_id', `clean_upi_transactions where txn_id = 'x'`, 'pkey'],
  ['clean by rrn', `clean_upi_transactions where rrn = '603210123456'`, 'rrn_idx'],
  [
    'clean by payer over a time range',
    `clean_upi_transactions where payer_key = '\\x00' and event_time >= '2026-08-01+05:30'
      and event_time < '2026-08-03+05:30' order by event_time desc limit 50`,
    'payer_key_event_time_idx',
  ],
  [
    'clean by payee over a time range',
    `clean_upi_transactions where payee_key = '\\x00' and event_time >= '2026-08-01+05:30'
      and event_time < '2026-08-03+05:30' order by event_time desc limit 50`,
    'payee_key_event_time_idx',
  ],
  [
    'clean by a rare status over a time range',
    `clean_upi_transactions where status = 'PENDING' and event_time >= '2026-08-01+05:30'
      and event_time < '2026-08-03+05:30' order by event_time desc limit 50`,
    'status_event_time_idx',
  ],
  [
    'clean by success over a time range',
    `clean_upi_transactions where status = 'SUCCESS' and event_time >= '2026-08-01+05:30'
      and event_time < '2026-08-03+05:30' order by event_time desc limit 50`,
    'event_time_idx',
  ],
  [
    'raw by topic, partition, offset',
    `raw_upi_transactions where topic = 't' and kafka_partition = 1 and kafka_offset = 7`,
    'pkey',
  ],
  ['raw of one transaction', `raw_upi_transactions where txn_id = 'x'`, 'txn_id_idx'],
]

describe('quick lookups', () => {
  beforeAll(async () => {
    await ensure('clean_upi_transactions', daysFrom('2026-08-01', 5))
    await ensure('raw_upi_transactions', daysFrom('2026-08-01', 2))
    await admin.query(FILL)
  })

  test.each(LOOKUPS)('%s goes by an index of each day', async (_, query, index) => {
    const plan = await explain(query)
    expect(plan).not.toContain('Seq Scan')
    expect(plan).toMatch(new RegExp(`using \\S*20260801_${index}`))
  })

  test('a range of time leaves out all other days', async () => {
    const plan = await explain(`clean_upi_transactions
      where event_time >= '2026-08-02 10:00+05:30' and event_time < '2026-08-02 10:05+05:30'`)
    expect(plan.match(/clean_upi_transactions_\d{8}(?=_event_time_idx)/g)).toEqual([
      'clean_upi_transactions_20260802',
    ])
  })
})

// Two days of some thousand payments, enough for the planner to see who is rare and what is common.
const FILL = `
  insert into clean_upi_transactions (txn_id, event_time, business_date, payer_key, payee_key,
    amount, status, rrn, payer, payer_handle, payee, payee_handle)
  select 'T' || n || day, (day + n * interval '20 s') at time zone 'Asia/Kolkata', day,
    int4send(n), int4send(n % 500), n, case n % 20 when 0 then 'PENDING' else 'SUCCESS' end,
    lpad(n::text, 12, '0'), 'a***@ybl', 'ybl', 'shop@ybl', 'ybl'
  from generate_series(1, 4000) as n, unnest('{2026-08-01,2026-08-02}'::date[]) as day;
  insert into raw_upi_transactions (kafka_timestamp, kafka_offset, kafka_partition, topic, txn_id)
  select day::timestamp at time zone 'UTC' + n * interval '20 s', n, n % 3, 't', 'T' || n || day
  from generate_series(1, 4000) as n, unnest('{2026-08-01,2026-08-02}'::date[]) as day;
  analyze clean_upi_transactions, raw_upi_transactions`

async function explain(query: string): Promise<string> {
  const client = await admin.connect()
  try {
    // Other days are empty, and read as a whole; a bitmap would use the same index in another shape.
    await client.query('set enable_seqscan = off; set enable_bitmapscan = off')
    const { rows } = await client.query(`explain (costs off) select * from ${query}`)
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  } finally {
    client.release(true)
  }
}

interface Outcome {
  readonly day: string
  readonly outcome: 'made' | 'there' | 'archived'
}

async function ensure(parent: string, days: readonly (string | null)[]): Promise<Outcome[]> {
  const query = 'select * from ops.ensure_partitions($1, $2::date[])'
  return (await ingest.query<Outcome>(query, [parent, days])).rows
}

async function ensureRetried(days: readonly string[]): Promise<Outcome[]> {
  for (;;) {
    try {
      return await ensure('clean_upi_transactions', days)
    } catch (fault) {
      if ((fault as { code?: string }).code !== '55P03') throw fault
    }
  }
}

function sameDay(count: number): string[] {
  return Array.from({ length: count }, () => '2030-01-01')
}

function daysFrom(first: string, count: number): string[] {
  const start = Date.parse(first)
  return Array.from({ length: count }, (_, i) =>
    new Date(start + i * 86_400_000).toISOString().slice(0, 10),
  )
}

async function insertClean(txnId: string, eventTime: string, businessDate: string): Promise<void> {
  await ingest.query(
    `insert into clean_upi_transactions (txn_id, event_time, business_date, payer_key, payee_key,
       amount, status, payer, payer_handle, payee, payee_handle)
     values ($1, $2, $3, '\\x00', '\\x01', 1, 'SUCCESS', 'a***@ybl', 'ybl', 'shop@ybl', 'ybl')`,
    [txnId, eventTime, businessDate],
  )
}
