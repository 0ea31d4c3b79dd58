import { type Kysely, sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { STATUSES } from '../core/status.ts'
import type { Database } from '../platform/database.ts'
import { createDatabase } from '../platform/postgres.ts'
import { refresh } from './build-models.ts'
import { useStack } from './harness.ts'
import { SinkTopic, sinkPool } from './sink-topic.ts'

const own = useStack('database')
const TYPES = ['P2P', 'P2M', 'REFUND']
// Both sides of a midnight in India.
const TIMES = ['2026-01-31T23:59:59+05:30', '2026-02-01T00:00:00+05:30', '2026-02-01T18:00:00Z']
let db: Kysely<Database>

beforeAll(async () => {
  db = createDatabase(own.pool('upi_transform'))
  const topic = new SinkTopic('figures')
  const sink = await topic.sink(sinkPool(own))
  const first = TYPES.flatMap((type) =>
    STATUSES.flatMap((status) =>
      TIMES.map((timestamp, i) => ({
        ...{ txn_id: `${type}${status}${i}`, type, status, timestamp },
        amount: `${10 + i}.0${i}`,
        ...(type === 'REFUND' ? { original_txn_id: 'FIRST' } : {}),
        ...(status === 'DECLINED' ? { response_code: 'U30' } : {}),
        ...(status === 'FAILED' ? { response_code: 'U28' } : {}),
      })),
    ),
  )
  await topic.send(sink, 0, ...first.map((fields) => ({ fields })))
  // What was pending comes to an end, some with a time before midnight, which moves it to the day before.
  const later = first.flatMap((fields, i) =>
    fields.status === 'PENDING' ? { ...fields, status: 'SUCCESS', timestamp: TIMES[i % 2] } : [],
  )
  await topic.send(sink, 0, ...[...later, ...first].map((fields) => ({ fields })))
  expect((await refresh(db)).failures).toEqual([])
})

test('a day is what the live minutes of it add up to, and what SQL counts in clean', async () => {
  const daily = await db
    .selectFrom('daily_upi_summary')
    .select(['date', 'total_txns', 'success_txns', 'failed_txns', 'pending_txns', 'reversed_txns'])
    .select(['total_amount', 'attempted_amount', 'refund_txns', 'refund_amount'])
    .select(['td_txns', 'bd_txns'])
    .orderBy('date')
    .execute()
  expect(daily.map(({ date }) => date)).toEqual(['2026-01-31', '2026-02-01'])
  const { rows: minutes } = await sql`select ${FIGURES} from (
      select (window_start at time zone 'Asia/Kolkata')::date as date, * from upi_minute_metrics
    ) as m group by date order by date`.execute(db)
  expect(minutes).toEqual(daily)
  const { rows: counted } = await sql`select ${FIGURES} from (
      select business_date as date, status, case when not is_refund then amount else 0 end as amount,
        (not is_refund)::int as txns, is_refund::int as refunds,
        case when is_refund then amount else 0 end as refund_amount,
        (not is_refund and decline_class = 'TD')::int as td,
        (not is_refund and decline_class = 'BD')::int as bd
      from (select *, type = 'REFUND' as is_refund from clean_upi_transactions) as c
    ) as m group by date order by date`.execute(db)
  expect(counted).toEqual(daily)
})

const FIGURES = sql`date, sum(txns)::bigint as total_txns,
  sum(txns) filter (where status = 'SUCCESS')::bigint as success_txns,
  sum(txns) filter (where status in ('FAILED', 'EXPIRED', 'DECLINED'))::bigint as failed_txns,
  sum(txns) filter (where status in ('PENDING', 'DEEMED'))::bigint as pending_txns,
  sum(txns) filter (where status = 'REVERSED')::bigint as reversed_txns,
  sum(amount) filter (where status = 'SUCCESS') as total_amount, sum(amount) as attempted_amount,
  sum(refunds) filter (where status = 'SUCCESS')::bigint as refund_txns,
  sum(refund_amount) filter (where status = 'SUCCESS') as refund_amount,
  sum(td)::bigint as td_txns, sum(bd)::bigint as bd_txns`
