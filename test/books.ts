import type { Pool } from 'pg'
import type { Book } from '../platform/books/book.ts'
import { checkBooks } from '../platform/books/check-books.ts'

/** The books of a database that do not balance: there should be none. */
export async function brokenBooks(pool: Pool): Promise<Book[]> {
  const books = await checkBooks(pool)
  return books.filter(({ state }) => state !== 'balanced')
}
