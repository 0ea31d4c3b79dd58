import { Context } from '@temporalio/activity'
import type { Kysely } from 'kysely'
import type { Database } from '../platform/database.ts'
import { insertAuditOnce } from '../platform/queries/audit-log.ts'

/** Who has something done by hand is written down, whether by the CLI or in the Temporal UI. */
export function createAuditActivities({ db }: { readonly db: Kysely<Database> }) {
  return {
    /** Writes down who started the run; once, however often it is asked. Gives the time of the database. */
    async noteRun(by: {
      actor: string
      action: string
      details?: object
    }): Promise<{ at: string }> {
      const { workflowExecution } = Context.current().info
      const { workflowId: subject = '', runId } = workflowExecution ?? {}
      const details = { ...by.details, run: runId }
      const at = await insertAuditOnce(db, { actor: by.actor, action: by.action, subject, details })
      return { at: at.toISOString() }
    },
  }
}
