import { UpiError } from '../../core/errors.ts'
import type { BusinessDate } from '../../core/time.ts'
import { withClient } from '../template.ts'
import type { MixTally } from './message-mix.ts'

/** The books of a run and what they must agree with. */
export type Books = Record<(typeof COUNTS)[number], number>

const COUNTS = [
  'raw',
  'clean',
  'rejected',
  'messages',
  'accepted',
  'inserted',
  'merged',
  'duplicate',
  'conflicting',
  'absorbed',
  'in_metrics',
  'paise_apart',
] as const

/**
 * Compares what is stored of the days after `lastDay` with what was sent, and the books with themselves; throws
 * CHECK_FAILED when one is wrong.
 */
export async function checkBooks(
  url: string,
  sent: MixTally,
  lastDay: BusinessDate = '1970-01-01',
): Promise<Books> {
  const books = await readBooks(url, lastDay)
  const accepted = sent.messages - sent.malformed
  const wanted: [string, number, number][] = [
    ['raw rows', books.raw, sent.messages],
    ['rejected rows', books.rejected, sent.malformed],
    ['clean rows', books.clean, sent.transactions],
    ['messages in the books', books.messages, sent.messages],
    ['accepted messages', books.accepted, accepted],
    ['inserted less absorbed', books.inserted - books.absorbed, books.clean],
    [
      'effects',
      books.inserted + books.merged + books.duplicate + books.conflicting,
      books.accepted,
    ],
    ['rows in the minute metrics', books.in_metrics, books.clean],
    ['paise by which the minute metrics differ', books.paise_apart, 0],
    ['repeated messages', books.merged + books.duplicate, sent.updates + sent.duplicates],
  ]
  const wrong = wanted.filter(([, is, should]) => is !== should)
  if (wrong.length === 0) return books
  const sentence = wrong.map(([what, is, should]) => `${what} ${is}, not ${should}`).join('; ')
  throw new UpiError('CHECK_FAILED', `the books do not balance: ${sentence}`)
}

async function readBooks(url: string, lastDay: BusinessDate): Promise<Books> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<Record<string, string>>(
      `select (select count(*) from raw_upi_transactions
                where kafka_timestamp >= ($1::date + 1 + time '00:00') at time zone 'UTC') as raw,
              (select count(*) from clean_upi_transactions where business_date > $1) as clean,
              (select count(*) from rejected_upi_transactions) as rejected,
              (select sum(txns + refunds) from upi_minute_metrics) as in_metrics,
              (select sum(amount + refund_amount) * 100 from upi_minute_metrics)
                - (select sum(amount) * 100 from clean_upi_transactions where business_date > $1)
                as paise_apart,
              sum(messages) as messages, sum(accepted) as accepted, sum(inserted) as inserted,
              sum(merged) as merged, sum(duplicate) as duplicate,
              sum(conflicting) as conflicting, sum(absorbed) as absorbed
         from ops.stream_batches`,
      [lastDay],
    )
    const entries = COUNTS.map((name) => [name, Number(rows[0]?.[name] ?? 0)])
    return Object.fromEntries(entries) as Books
  })
}
