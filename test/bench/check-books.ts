import { UpiError } from '../../core/errors.ts'
import { withClient } from './bench-places.ts'
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
] as const

/** Compares what is stored with what was sent and the books with themselves; throws CHECK_FAILED when one is wrong. */
export async function checkBooks(url: string, sent: MixTally): Promise<Books> {
  const books = await readBooks(url)
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
    ['repeated messages', books.merged + books.duplicate, sent.updates + sent.duplicates],
  ]
  const wrong = wanted.filter(([, is, should]) => is !== should)
  if (wrong.length === 0) return books
  const sentence = wrong.map(([what, is, should]) => `${what} ${is}, not ${should}`).join('; ')
  throw new UpiError('CHECK_FAILED', `the books do not balance: ${sentence}`)
}

async function readBooks(url: string): Promise<Books> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<Record<string, string>>(
      `select (select count(*) from raw_upi_transactions) as raw,
              (select count(*) from clean_upi_transactions) as clean,
              (select count(*) from rejected_upi_transactions) as rejected,
              sum(messages) as messages, sum(accepted) as accepted, sum(inserted) as inserted,
              sum(merged) as merged, sum(duplicate) as duplicate,
              sum(conflicting) as conflicting, sum(absorbed) as absorbed
         from ops.stream_batches`,
    )
    const entries = COUNTS.map((name) => [name, Number(rows[0]?.[name] ?? 0)])
    return Object.fromEntries(entries) as Books
  })
}
