import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import type { Database } from '../platform/database.ts'
import { createAuditActivities } from './audit.ts'
import { type BackupDeps, createBackupActivities } from './backup.ts'
import { createDayActivities } from './days.ts'
import { withFailures } from './failure.ts'
import { type Observer, withObserver } from './observe.ts'
import { createRebuildActivities } from './rebuild.ts'
import { createReconcileActivities, type ReconcileDeps } from './reconcile.ts'
import { createRefreshActivities } from './refresh.ts'
import { createReplayActivities, type ReplayDeps } from './replay.ts'
import { createRetentionActivities, type RetentionDeps } from './retention.ts'
import { createRunActivities } from './runs.ts'
import { createStreamActivities, type StreamDeps } from './stream.ts'

export type { ModelRun } from '../models/warehouse/ledger.ts'
export type { BackupSummary } from './backup.ts'
export type { RebuiltDay } from './rebuild.ts'
export type { Reconciled } from './reconcile.ts'
export type { RefreshResult } from './refresh.ts'
export type { ReplayedLetter } from './replay.ts'
export type { StreamDeps } from './stream.ts'

/** What the worker has opened for its activities. */
export interface ActivityDeps
  extends StreamDeps,
    BackupDeps,
    ReconcileDeps,
    ReplayDeps,
    RetentionDeps {
  /** Told which activity begins and ends. */
  readonly observer?: Observer
  /** As the role of the models. */
  readonly db: Kysely<Database>
  /** As the role of the stream, pipelined like the sink's: for what works on raw and clean. */
  readonly ingest: Pool
}

/** Every side effect of the workflows, over the connections that the worker has opened. */
export function createActivities(deps: ActivityDeps) {
  const activities = withFailures({
    ...createAuditActivities(deps),
    ...createBackupActivities(deps),
    ...createDayActivities(deps),
    ...createRebuildActivities(deps),
    ...createReconcileActivities(deps),
    ...createRefreshActivities(deps),
    ...createReplayActivities(deps),
    ...createRetentionActivities(deps),
    ...createRunActivities(),
    ...createStreamActivities(deps),
  })
  return deps.observer === undefined ? activities : withObserver(activities, deps.observer)
}

export type Activities = ReturnType<typeof createActivities>
