import type { Kysely } from 'kysely'
import { REFRESH_DAYS_SHOWN_MAX } from '../core/limits.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { MODELS } from '../models/index.ts'
import { type RefreshResult, refresh } from '../models/warehouse/refresh.ts'
import type { Database } from '../platform/database.ts'
import { whileBeating } from './heartbeat.ts'

export type { RefreshResult } from '../models/warehouse/refresh.ts'

/** What keeps the marts fresh. */
export function createRefreshActivities({ db }: { readonly db: Kysely<Database> }) {
  const graph = makeGraph(MODELS)
  return {
    /** Builds what is dirty and due. A try after a killed worker finds in the ledger what is left. */
    async refreshDirty({ actor }: { actor: string }): Promise<RefreshResult> {
      return await whileBeating(async (signal, say) => {
        const around = { db, graph, actor, signal }
        const result = await refresh(around, { onKey: (key) => say({ key }) })
        return {
          built: result.built.slice(0, REFRESH_DAYS_SHOWN_MAX),
          failed: result.failed.slice(0, REFRESH_DAYS_SHOWN_MAX),
          waiting: result.waiting.slice(0, REFRESH_DAYS_SHOWN_MAX),
        }
      })
    },
  }
}
