import fc from 'fast-check'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import type { Payment } from '../core/payment.ts'
import { STATUSES } from '../core/status.ts'
import { addDays, formatInstant } from '../core/time.ts'
import { copyIn } from '../platform/copy-in.ts'
import { CopyRows } from '../platform/copy-rows.ts'
import { withConnection } from '../platform/postgres.ts'
import { CleanRows, copyClean, lockClean, updateClean } from '../platform/queries/clean.ts'
import { aPayment } from './fixtures/payments.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
let pool: pg.Pool

beforeAll(async () => {
  pool = own.pool('upi_ingest')
  await own.pool().query(
    `create table copied (n integer, small integer, large bigint, day date, instant timestamptz,
                          bytes bytea, words text, list text[], amount numeric(14, 2));
     grant select, insert, delete on copied to upi_ingest`,
  )
})

const instant = fc.integer({ min: Date.UTC(1900) * 1000, max: Date.UTC(2255) * 1000 })
const words = fc.string({ unit: 'binary', maxLength: 100 }).map((text) => text.replaceAll('\0', ''))
const rupees = fc
  .tuple(fc.nat(11), fc.bigInt(0n, 999_999_999_999n), fc.nat(99))
  .map(([cut, whole, paise]) => `${whole / 10n ** BigInt(cut)}.${String(paise).padStart(2, '0')}`)
const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null })

const row = fc.record({
  small: fc.integer(),
  large: fc.maxSafeInteger(),
  day: orNull(fc.integer({ min: -40_000, max: 80_000 }).map((days) => addDays('1970-01-01', days))),
  instant: orNull(instant),
  bytes: orNull(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
  words: orNull(words),
  list: fc.array(words, { maxLength: 3 }),
  amount: rupees,
})

test('any row that goes in by COPY comes out again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), fc.nat(2_000), async (rows, sizeHint) => {
      const copy = new CopyRows(sizeHint)
      for (const [n, each] of rows.entries()) {
        copy.start(9)
        copy.int32(n)
        copy.int32(each.small)
        copy.int64(each.large)
        copy.date(each.day)
        copy.instant(each.instant)
        copy.bytes(each.bytes)
        copy.text(each.words)
        copy.texts(each.list)
        copy.money(each.amount)
      }
      const found = await withConnection(pool, async (client) => {
        await copyIn(client, 'copy copied from stdin (format binary)', copy.finish())
        const { rows } = await client.query(
          `select small, large, day, (extract(epoch from instant) * 1000000)::bigint as instant,
                  bytes, words, list, amount
             from copied order by n`,
        )
        await client.query('delete from copied')
        return rows
      })
      expect(found).toEqual(
        rows.map((each) => ({
          ...each,
          large: String(each.large),
          instant: each.instant === null ? null : String(each.instant),
        })),
      )
    }),
    { numRuns: 40 },
  )
})

const optional = orNull(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }))
const dayMicros = 86_400_000_000
const payment: fc.Arbitrary<Payment> = fc
  .record({
    event_time: fc.integer({ min: 0, max: dayMicros - 1 }).map((of) => NOON - dayMicros / 2 + of),
    completed_at: orNull(instant),
    latency_ms: orNull(fc.maxSafeInteger()),
    status: fc.constantFrom(...STATUSES),
    amount: rupees.map((text) => text.replace(/^0+\.00$/, '1.00')),
    payer_key: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((each) => Buffer.from(each)),
    decline_class: fc.constantFrom('TD', 'BD', null),
    city: optional,
    state: optional,
    device: optional,
    rrn: optional,
    response_code: optional,
  })
  .map(aPayment)
const NOON = Date.parse('2026-02-01T12:00:00+05:30') * 1000

test('a row of clean is read as it was written, by COPY and by an update', async () => {
  const admin = own.pool()
  await admin.query(
    `select ops.ensure_partitions('clean_upi_transactions', array['2026-02-01'::date])`,
  )
  await fc.assert(
    fc.asyncProperty(payment, payment, async (copied, updated) => {
      const found = await withConnection(pool, async (client) => {
        const rows = new CleanRows(1)
        rows.add({ payment: copied, messages: 3 })
        await client.query('begin')
        await copyClean(client, rows.finish([]))
        const first = await lockClean(client, { date: '2026-02-01', often: true }, ['T1'])
        await updateClean(client, '2026-02-01', [{ payment: updated, messages: 4 }])
        const second = await lockClean(client, { date: '2026-02-02', often: false }, ['T1'])
        await client.query('rollback')
        return [first, second]
      })
      expect(found).toEqual([
        [{ payment: copied, messages: 3 }],
        [{ payment: updated, messages: 4 }],
      ])
    }),
    { numRuns: 40 },
  )
})

test('statements around a COPY that fails are answered, and the connection is good afterwards', async () => {
  const bad = new CopyRows(100)
  bad.start(1)
  bad.text('x'.repeat(100_000))
  await withConnection(pool, async (client) => {
    const copy = () => copyIn(client, 'copy copied (n) from stdin (format binary)', bad.finish())
    const answers = await Promise.allSettled([
      client.query('select 1 as one'),
      copy(),
      client.query('select 2 as two'),
      copyIn(client, 'copy nowhere from stdin (format binary)', bad.finish()),
      client.query(`select $1::timestamptz = '1970-01-01Z'`, [formatInstant(0)]),
    ])
    expect(answers.map(({ status }) => status[0])).toEqual(['f', 'r', 'f', 'r', 'f'])
    expect((await client.query('select count(*)::int as n from copied')).rows).toEqual([{ n: 0 }])
  })
})
