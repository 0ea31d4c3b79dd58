import type { Kysely } from 'kysely'
import type { Book, BookDays } from '../books/book.ts'
import type { Database } from '../database.ts'

/** Keeps what a run has found; one that is begun again replaces what it had written. */
export async function recordBooks(
  db: Kysely<Database>,
  books: readonly Book[],
  { runId, days, actor }: { runId: string; days: BookDays; actor: string },
): Promise<void> {
  const rows = books.map((book) => ({
    run_id: runId,
    first_day: days.from,
    last_day: days.to,
    book: book.name,
    state: book.state,
    checked: book.checked,
    unit: book.unit,
    wrong: book.wrong,
    waiting: book.waiting,
    line: book.line,
    found: book.found ?? null,
    expected: book.expected ?? null,
    keys: book.keys,
    seconds: book.seconds ?? 0,
    actor,
  }))
  await db.transaction().execute(async (trx) => {
    for (const row of rows) {
      const { run_id, first_day, last_day, book, ...found } = row
      await trx
        .insertInto('ops.reconciliations')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['run_id', 'first_day', 'last_day', 'book']).doUpdateSet(found),
        )
        .execute()
    }
  })
}
