import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import type { Database } from '../platform/database.ts'
import type { Rules } from '../streaming/processor.ts'
import { createDayActivities } from './days.ts'
import { withFailures } from './failure.ts'
import { createReconcileActivities, type ReconcileDeps } from './reconcile.ts'
import { createRunActivities } from './runs.ts'
import { createStreamActivities, type StreamDeps } from './stream.ts'

export type { ModelRun } from '../models/warehouse/ledger.ts'
export type { Reconciled } from './reconcile.ts'
export type { StreamDeps } from './stream.ts'

/** What the worker has opened for its activities. */
export interface ActivityDeps extends StreamDeps, ReconcileDeps {
  /** As the role of the models. */
  readonly db: Kysely<Database>
  /** As the role of the stream, pipelined like the sink's: for what works on raw and clean. */
  readonly ingest: Pool
  /** How messages of raw are read again. */
  readonly rules: Rules
  readonly loadSchema: (id: number) => Promise<unknown>
}

/** Every side effect of the workflows, over the connections that the worker has opened. */
export function createActivities(deps: ActivityDeps) {
  return withFailures({
    ...createDayActivities(deps),
    ...createReconcileActivities(deps),
    ...createRunActivities(),
    ...createStreamActivities(deps),
  })
}

export type Activities = ReturnType<typeof createActivities>
