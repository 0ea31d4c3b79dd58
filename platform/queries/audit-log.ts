import type { Kysely } from 'kysely'
import type { ClientBase } from 'pg'
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

/** The same within a transaction, so that it is written down if and only if it is done. */
export async function noteByHand(
  client: ClientBase,
  { actor, action, subject }: { actor: string; action: string; subject: string },
): Promise<void> {
  await client.query('insert into ops.audit_log (actor, action, subject) values ($1, $2, $3)', [
    actor,
    action,
    subject,
  ])
}
