import type { Kysely } from 'kysely'
import { actorOf, type Config, need } from '../platform/config.ts'
import type { Database } from '../platform/database.ts'
import { addressOf, createDatabase, createPool, postgresFault } from '../platform/postgres.ts'
import { insertAudit } from '../platform/queries/audit-log.ts'

/** Does something with the database as the role of the models, and closes it. */
export async function withModelDatabase<T>(
  config: Config,
  work: (db: Kysely<Database>) => Promise<T>,
  connections?: number,
): Promise<T> {
  const { transformDatabaseUrl } = need(config, 'transformDatabaseUrl')
  return await withDatabase(config, transformDatabaseUrl, work, connections)
}

/** Does something with the database as the role of a URL, and closes it. */
export async function withDatabase<T>(
  config: Config,
  url: string,
  work: (db: Kysely<Database>) => Promise<T>,
  connections = 1,
): Promise<T> {
  const pool = createPool(config, url, { max: connections, name: 'cli' })
  try {
    return await work(createDatabase(pool))
  } catch (fault) {
    throw postgresFault(fault, addressOf(url))
  } finally {
    await pool.end()
  }
}

/** Writes down who has something done by hand, before it is done. */
export async function recordByHand(config: Config, action: string, subject: string): Promise<void> {
  const entry = { actor: actorOf(config), action, subject }
  await withModelDatabase(config, (db) => insertAudit(db, entry))
}
