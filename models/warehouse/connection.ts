import { CompiledQuery, type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import type { Statement } from '../engine/statement.ts'

/** The connections of the role that owns the marts. What is asked here is text: the tables are the models' own. */
// biome-ignore lint/suspicious/noExplicitAny: whatever tables its owner has described, they do not matter here.
export type Db = Kysely<any>
// biome-ignore lint/suspicious/noExplicitAny: the same.
export type Trx = Transaction<any>

/** Runs a statement; aborting stops it on the server too. */
export async function run<Row>(
  db: Db,
  { text, parameters }: Statement,
  signal?: AbortSignal,
): Promise<Row[]> {
  const query = CompiledQuery.raw(text, [...parameters])
  const { rows } = await db.executeQuery<Row>(query, cancellable(signal))
  return rows
}

/** How a query is given up: on the server. */
export function cancellable(signal: AbortSignal | undefined) {
  return { signal, inflightQueryAbortStrategy: 'cancel query' } as const
}

/**
 * Does work under a lock of the session, which is taken before the work's transaction begins: so its snapshot shows
 * what the holder before has committed.
 */
export async function underLock<T>(
  db: Db,
  { subject, signal }: { readonly subject: string; readonly signal?: AbortSignal | undefined },
  work: (connection: Db) => Promise<T>,
): Promise<T> {
  return await db.connection().execute(async (connection) => {
    try {
      // However long the holder takes; the role's lock_timeout, for tables, is set aside for this statement.
      const lock = sql`select set_config('lock_timeout', '0', true), pg_advisory_lock(${lockKey(subject)})`
      await lock.execute(connection, cancellable(signal))
      return await work(connection)
    } finally {
      await unlock(connection)
    }
  })
}

/** The same if nobody holds the lock; undefined, and nothing done, if somebody does. */
export async function underFreeLock<T>(
  db: Db,
  subject: string,
  work: (connection: Db) => Promise<T>,
): Promise<T | undefined> {
  return await db.connection().execute(async (connection) => {
    const { rows } = await sql<{ taken: boolean }>`
      select pg_try_advisory_lock(${lockKey(subject)}) as taken`.execute(connection)
    if (rows[0]?.taken !== true) return undefined
    try {
      return await work(connection)
    } finally {
      await unlock(connection)
    }
  })
}

/** The key of a lock: one number for what is locked. */
export function lockKey(subject: string): RawBuilder<unknown> {
  return sql`hashtextextended(${`upi:${subject}`}, 0)`
}

// A cancellation that comes too late for its statement may hit this one, once. A session that is gone has no locks.
async function unlock(connection: Db): Promise<void> {
  const all = sql`select pg_advisory_unlock_all()`
  await all.execute(connection).catch(() => all.execute(connection).catch(() => {}))
}
