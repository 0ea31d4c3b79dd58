import { WHOLE_BOOK_NAMES } from '../books/stream-books.ts'
import { type Ask, askOne, type FactReader } from './fact-reader.ts'

/**
 * What the last reconciliations have found, and when all books were looked at. `undated` are models whose marts have no
 * days.
 */
export function bookFacts(ask: Ask, undated: readonly string[]): FactReader {
  const whole = [...WHOLE_BOOK_NAMES, ...undated]
  return {
    fact: 'books',
    async read() {
      const books = await ask<{ book: string; state: string }>(BOOKS, [whole])
      const { seconds } = await askOne<{ seconds: number }>(ask, AGE)
      return {
        upi_books: books.flatMap(({ book, state }) =>
          STATES.map((each) => [Number(each === state), { book, state: each }] as const),
        ),
        upi_reconcile_age_seconds: [[seconds]],
      }
    },
  }
}

const STATES = ['balanced', 'broken', 'waits', 'pending'] as const

// A nightly run moves on by a day and a close looks at one: what they find later says nothing about the days before.
// A book that was broken is so until all days of that run were found otherwise, by one run or by several. One that is
// about no days is looked at whole each time.
const BOOKS = `
  with recent as materialized (
    select book, state, reconciled_at,
      case when book = any ($1::text[]) then daterange(null, null) else daterange(first_day, last_day, '[]') end as days
    from ops.reconciliations where reconciled_at > now() - interval '90 days'
  ),
  broken as (
    select book from recent as bad where state = 'broken' and not coalesce((
      select range_agg(later.days) @> bad.days from recent as later
      where later.book = bad.book and later.reconciled_at > bad.reconciled_at and later.state <> 'broken'
    ), false)
  ),
  latest as (
    select distinct on (book) book, state from recent order by book, reconciled_at desc
  )
  select book, case when book in (select book from broken) then 'broken' else state end as state
  from latest order by book`

// Only who looks at all books folds raw; a close compares sums.
const AGE = `
  select extract(epoch from clock_timestamp() - coalesce(
      (select max(reconciled_at) from ops.reconciliations where book = 'fold'),
      (select min("timestamp")::timestamptz from ops.migrations)
    ))::double precision as seconds`
