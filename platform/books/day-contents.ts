import type { ClientBase } from 'pg'
import type { BookDays } from './book.ts'
import { notArchived, withinDates } from './within-days.ts'

/** What raw and clean hold of a business day. */
export interface DayContent {
  readonly day: string
  readonly messages: number
  /** Changes with any change of a row of raw or clean. */
  readonly content: string
}

// The sum does not depend on the order in which rows lie; with the count, a row that is there twice tells.
const hashOf = (rows: string) => `concat(count(*), ' ', sum(hash_record_extended(${rows}, 0)))`

/** Reads the days of a range that have messages or rows in Postgres, each with a hash of its content. */
export async function readDayContents(
  client: ClientBase,
  days: BookDays | undefined,
): Promise<DayContent[]> {
  const within = `${withinDates('business_date', days)} and ${notArchived('business_date')}`
  const { rows } = await client.query<{ day: string; messages: string; content: string }>(
    `select business_date::text as day, coalesce(raw.messages, 0) as messages,
            concat(raw.content, ' / ', clean.content) as content
       from (select business_date, count(*) as messages, ${hashOf('raw')} as content
               from raw_upi_transactions as raw
              where txn_id is not null and ${within} group by 1) as raw
       full join (select business_date, ${hashOf('clean')} as content
                    from clean_upi_transactions as clean where ${within} group by 1) as clean
         using (business_date)
      order by 1`,
  )
  return rows.map(({ messages, ...same }) => ({ ...same, messages: Number(messages) }))
}

/** The days whose rows are in the lake. */
export async function readArchived(client: ClientBase): Promise<Set<string>> {
  const { rows } = await client.query<{ day: string }>(
    'select business_date as day from ops.days where archived_at is not null',
  )
  return new Set(rows.map(({ day }) => day))
}
