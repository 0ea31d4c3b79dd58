import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { UNDATED_MODELS } from '../cli/model-kinds.ts'
import { WHOLE_BOOK_NAMES } from '../platform/books/stream-books.ts'
import { bookFacts } from '../platform/facts/book-facts.ts'
import { askOver } from '../platform/facts/fact-reader.ts'
import { panelsOf, readDashboards } from './dashboard-file.ts'
import { shownBy } from './grafana-macros.ts'
import { useStack } from './harness.ts'

const own = useStack('database')
let admin: pg.Pool
let report: pg.Pool

const BOARDS = readDashboards().map(({ dashboard }) => dashboard)
const TODAY = `(now() at time zone 'Asia/Kolkata')::date`

beforeAll(() => {
  admin = own.pool()
  report = own.pool('upi_report')
})

/** What a panel is told, over its own range or another of so long, until now or another time. */
async function shown(uid: string, title: string, range?: string, to = new Date()) {
  const board = BOARDS.find((each) => each.uid === uid)
  const panel = board && panelsOf(board).find((each) => each.title === title)
  if (board === undefined || panel === undefined) throw new Error(`no panel ${uid}: ${title}`)
  const time = { from: range === undefined ? board.time.from : `now-${range}` }
  const sql = shownBy({ ...board, time }, panel.targets[0]?.rawSql ?? '', panel, {}, to)
  return (await report.query(sql)).rows
}

const minutesAgo = (minutes: number) =>
  `date_trunc('minute', now()) - interval '${minutes} minutes'`

describe('UPI live', () => {
  const ASKED = 'Payments a minute'

  test('says that there is nothing before there is anything', async () => {
    expect(await shown('upi-live', ASKED)).toEqual([])
    expect(await shown('upi-live', 'Newest payment')).toEqual([])
  })

  test('shows minutes without payments as such, so that what has stopped is seen to', async () => {
    await admin.query(`insert into ops.minute_metrics (window_start, kafka_partition, payer_handle, status, txns, amount, latency_1s)
      select at, 0, 'ybl', 'SUCCESS', 60, 6000, 60 from (values (${minutesAgo(20)}), (${minutesAgo(12)})) as minutes (at)`)
    const rows = await shown('upi-live', ASKED)
    const times = rows.map(({ time }) => Number(time))
    expect(times.slice(1).every((time, index) => time - (times[index] ?? 0) === 60)).toBe(true)
    const whole = rows.filter(({ payments }) => payments !== null)
    expect(whole.at(-1)).toMatchObject({ payments: 0, 'success rate': null, amount: 0, p95: null })
    expect(whole.filter(({ payments }) => payments === 60)).toHaveLength(2)
    expect(rows.length - whole.length).toBeLessThanOrEqual(1)
    await admin.query('truncate ops.minute_metrics')
  })

  test('shows no share of a minute that is not over', async () => {
    // The next one: however long the test takes, it is not over before a minute.
    await admin.query(`insert into ops.minute_metrics (window_start, kafka_partition, payer_handle, status, txns, amount)
      select at, 0, 'ybl', 'FAILED', 1, 0 from (values (${minutesAgo(3)}), (${minutesAgo(-1)})) as minutes (at)`)
    const inTwoMinutes = new Date(Date.now() + 120_000)
    const rows = await shown('upi-live', 'Failed by handle', undefined, inTwoMinutes)
    expect(rows.map(({ failed }) => failed)).toEqual([1, null])
    await admin.query('truncate ops.minute_metrics')
  })

  test('divides the whole of payments, also if one that is deemed has the code of a decline', async () => {
    await admin.query(`insert into ops.minute_metrics (window_start, kafka_partition, payer_handle, status, txns, amount, td, bd)
      select ${minutesAgo(5)}, 0, 'ybl', status, txns, 0, td, bd
      from (values ('SUCCESS', 90, 0, 0), ('DEEMED', 4, 4, 0), ('FAILED', 5, 1, 2), ('REVERSED', 1, 0, 1))
        as statuses (status, txns, td, bd)`)
    const [row] = (await shown('upi-live', ASKED)).filter(({ payments }) => payments > 0)
    expect(row).toMatchObject({
      succeeded: 0.9,
      'technical declines': 0.01,
      'business declines': 0.02,
      'other failures': 0.02,
      waiting: 0.04,
      'reversed share': 0.01,
      'TD %': 0.05,
      'success rate': 90 / 96,
    })
    await admin.query('truncate ops.minute_metrics')
  })
})

describe('Daily report', () => {
  test('compares no day that is not over, and weeks that are whole', async () => {
    await admin.query(`
      insert into daily_upi_summary
      select ${TODAY} - ago, 1000, 930, 50, 15, 5, 1000, 1400, 3, 9, 991, 0.93, 0.944, 8, 40, 500, 60, 1.07, 1, 2, 3
      from unnest(array[0, 1, 7, 8]) as ago;
      insert into decline_upi_summary
      select ${TODAY} - ago, 'Z9', 'BD', 100 from generate_series(0, 20) as ago;
      insert into decline_upi_summary values (${TODAY} - 9, 'ZM', 'BD', 100), (${TODAY} - 1, '', null, 7)`)
    const [today, yesterday] = await shown('upi-daily', 'Day by day')
    expect([today['on week'], today['amount on week']]).toEqual([null, null])
    expect([yesterday['on week'], yesterday['amount on week']]).toEqual([0, 0])
    // Of a range that begins within the week before.
    const codes = await shown('upi-daily', 'Response codes of declines', '4d')
    expect(codes).toMatchObject([
      { code: 'Z9', declines: '500', 'on week': 0 },
      { code: 'unknown', class: 'unclassified', declines: '7', 'on week': null },
    ])
  })
})

describe('Merchants', () => {
  test('have all their payments in the stack of a day, those that were turned back too', async () => {
    await admin.query(`insert into merchant_upi_summary
      values ('chaishop@ybl', ${TODAY}, 30, 20, 5, 3, 9000, 10000, 0, 9000, 15, 360, 0.666667)`)
    const [{ time: _, ...parts }] = await shown('upi-merchants', 'Its payments a day')
    expect(parts).toEqual({ success: '20', failed: '5', pending: '3', reversed: '2' })
    await admin.query('truncate merchant_upi_summary')
  })

  test('are not blamed for payments that wait', async () => {
    await admin.query(`insert into merchant_upi_summary
      select merchant, ${TODAY}, 30, success, failed, pending, 9000, 10000, 0, 9000, 15, 360, success / 30.0
      from (values ('slow@ybl', 20, 0, 10), ('poor@ybl', 24, 6, 0), ('new@ybl', 2, 0, 28)) as merchants (merchant, success, failed, pending)`)
    const rows = await shown('upi-merchants', 'Merchants that lose payments')
    expect(rows.map(({ merchant, 'success rate': rate }) => [merchant, rate])).toEqual([
      ['poor@ybl', 0.8],
      ['slow@ybl', 1],
    ])
  })
})

describe('Pipeline health', () => {
  test('shows days that nobody has tried to close yet as open', async () => {
    await admin.query(`
      truncate daily_upi_summary;
      insert into daily_upi_summary
      select ${TODAY} - ago, 1000, 930, 50, 15, 5, 1000, 1400, 3, 9, 991, 0.93, 0.944, 8, 40, 500, 60, 1.07, 1, 2, 3
      from unnest(array[2, 3]) as ago;
      insert into ops.days (business_date, state, closed_at, failed_at, error)
      values (${TODAY} - 3, 'closed', now(), null, null), (${TODAY} - 4, 'open', null, now(), 'x')`)
    const days = await shown('upi-pipeline', 'Days')
    expect(days.map(({ state }) => state)).toEqual(['open', 'closed', 'failed'])
  })

  test('shows a book as broken until its days were found right, as its metric and so its alert do', async () => {
    const reader = bookFacts(askOver(own.pool('upi_transform')), UNDATED_MODELS)
    const find = async (book: string, from: number, to: number, state: string, minutes: number) => {
      await admin.query(`insert into ops.reconciliations (run_id, first_day, last_day, book, state, checked, unit, wrong,
          waiting, line, keys, seconds, actor, reconciled_at)
        values (gen_random_uuid(), ${TODAY} - ${from}, ${TODAY} - ${to}, '${book}', '${state}', 1, 'messages', 0, 0, 'x',
          '{}', 0, 'asha', now() - interval '${minutes} minutes')`)
      const { upi_books: told = [] } = await reader.read()
      const states = (await shown('upi-pipeline', 'Books')).map((row) => `${row.book} ${row.state}`)
      const are = told.filter(([value]) => value === 1).map(([, labels = {}]) => labels)
      expect(states.toSorted()).toEqual(are.map((each) => `${each.book} ${each.state}`).toSorted())
      return states
    }
    await find('raw', 8, 2, 'broken', 60)
    expect(await find('raw', 7, 1, 'balanced', 30)).toEqual(['raw broken'])
    expect(await find('raw', 8, 8, 'balanced', 20)).toEqual(['raw balanced'])
    expect(await find('raw', 8, 1, 'broken', 10)).toEqual(['raw broken'])
    expect(await find('raw', 8, 1, 'waits', 5)).toEqual(['raw waits'])
    await admin.query('truncate ops.reconciliations')
    for (const book of [...WHOLE_BOOK_NAMES, ...UNDATED_MODELS]) {
      await find(book, 8, 2, 'broken', 60)
      expect(await find(book, 7, 1, 'balanced', 30)).toContain(`${book} balanced`)
    }
  })
})
