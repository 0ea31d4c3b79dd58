import type { ClientBase, Pool } from 'pg'
import { type Book, type BookDays, checkByQuery, type SqlBook } from './book.ts'
import { checkFold, type FoldOptions } from './fold-books.ts'
import { minuteBook } from './minute-book.ts'
import type { ReadAgain } from './raw-messages.ts'
import { messageBooks, streamBooks } from './stream-books.ts'

/**
 * Checks the books of the stream at one snapshot: raw, clean, rejected, conflicts, live figures and batches agree. Those
 * that take all of raw through the processors again are left out without `readAgain`.
 */
export async function checkBooks(pool: Pool, readAgain?: ReadAgain): Promise<Book[]> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read, read only')
    const books = await readBooks(client, readAgain && { readAgain })
    await client.query('commit')
    client.release()
    return books
  } catch (fault) {
    client.release(true)
    throw fault
  }
}

/** What is looked at: the days, all of them if none are named, and who hears of each book before it is checked. */
export interface Look {
  readonly days?: BookDays
  readonly onBook?: (name: string) => void
}

/** The same on whatever snapshot a transaction of the caller has. */
export async function readBooks(
  client: ClientBase,
  fold?: FoldOptions,
  { days, onBook = () => {} }: Look = {},
): Promise<Book[]> {
  await sortInMemory(client)
  const books = await byQueries(client, [...streamBooks(days), minuteBook(days)], onBook)
  if (fold === undefined) return books
  onBook('fold')
  return [...books, ...(await timed(() => checkFold(client, fold, days)))]
}

/**
 * The sums of some days: raw against batches and dead letters, clean against live figures. Seconds, where the fold of
 * every message takes minutes.
 */
export async function readSums(client: ClientBase, days: BookDays): Promise<Book[]> {
  await sortInMemory(client)
  return await byQueries(client, [...messageBooks(days), minuteBook(days)])
}

// The messages of a day are sorted by transaction, its minutes are hashed: in memory as far as it goes.
async function sortInMemory(client: ClientBase): Promise<void> {
  await client.query(
    `select set_config('work_mem', '64MB', true), set_config('cursor_tuple_fraction', '1', true)`,
  )
}

async function byQueries(
  client: ClientBase,
  queries: readonly SqlBook[],
  onBook: (name: string) => void = () => {},
): Promise<Book[]> {
  const books: Book[] = []
  for (const book of queries) {
    onBook(book.name)
    books.push(...(await timed(async () => [await checkByQuery(client, book)])))
  }
  return books
}

/** Books with the seconds that they took, all together. */
async function timed(check: () => Promise<Book[]>): Promise<Book[]> {
  const began = performance.now()
  const books = await check()
  const seconds = Math.round(performance.now() - began) / 1000
  return books.map((book) => ({ ...book, seconds }))
}
