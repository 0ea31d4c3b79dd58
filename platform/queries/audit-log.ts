import type { Kysely } from 'kysely'
import type { Database } from '../database.ts'

/** Writes down who had something done by hand. */
export async function insertAudit(
  db: Kysely<Database>,
  entry: {
    readonly actor: string
    readonly action: string
    readonly subject: string
    readonly reason?: string | undefined
    /** JSON. */
    readonly details?: string
  },
): Promise<void> {
  await db.insertInto('ops.audit_log').values(entry).execute()
}
