import type { ClientBase, Pool } from 'pg'
import { type Book, checkByQuery } from './book.ts'
import { checkFold } from './fold-books.ts'
import { MINUTE_BOOK } from './minute-book.ts'
import type { ReadAgain } from './raw-messages.ts'
import { STREAM_BOOKS } from './stream-books.ts'

/**
 * Checks the books of the stream at one snapshot: raw, clean, rejected, conflicts, live figures and batches agree. Those
 * that take all of raw through the processors again are left out without `readAgain`.
 */
export async function checkBooks(pool: Pool, readAgain?: ReadAgain): Promise<Book[]> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read, read only')
    const books = await readBooks(client, readAgain)
    await client.query('commit')
    client.release()
    return books
  } catch (fault) {
    client.release(true)
    throw fault
  }
}

/** The same on whatever snapshot a transaction of the caller has. */
export async function readBooks(client: ClientBase, readAgain?: ReadAgain): Promise<Book[]> {
  // All of raw is sorted by transaction: in memory as far as it goes.
  await client.query(`set local work_mem = '64MB'`)
  const books: Book[] = []
  for (const book of [...STREAM_BOOKS, MINUTE_BOOK]) books.push(await checkByQuery(client, book))
  return readAgain === undefined ? books : [...books, ...(await checkFold(client, readAgain))]
}
