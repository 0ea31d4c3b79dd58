import type { Kysely } from 'kysely'
import type { Database } from '../platform/database.ts'
import { createDayActivities } from './days.ts'
import { withFailures } from './failure.ts'
import { createRunActivities } from './runs.ts'
import { createStreamActivities, type StreamDeps } from './stream.ts'

export type { ModelRun } from '../models/warehouse/ledger.ts'
export type { StreamDeps } from './stream.ts'

/** Every side effect of the workflows, over the connections that the worker has opened. */
export function createActivities(deps: { readonly db: Kysely<Database> } & StreamDeps) {
  return withFailures({
    ...createDayActivities(deps),
    ...createRunActivities(),
    ...createStreamActivities(deps),
  })
}

export type Activities = ReturnType<typeof createActivities>
