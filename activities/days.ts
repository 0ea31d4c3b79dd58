import { Context } from '@temporalio/activity'
import type { Kysely } from 'kysely'
import { UpiError } from '../core/errors.ts'
import type { BusinessDate } from '../core/time.ts'
import { explain } from '../models/engine/explain.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { MODELS } from '../models/index.ts'
import { underLock } from '../models/warehouse/connection.ts'
import type { ModelRun } from '../models/warehouse/ledger.ts'
import { runModels } from '../models/warehouse/run-models.ts'
import type { Database } from '../platform/database.ts'
import { markDayClosed } from '../platform/queries/days.ts'
import { whileBeating } from './heartbeat.ts'

interface Build {
  readonly date: BusinessDate
  readonly reason: string
  readonly actor: string
}

interface Close {
  readonly date: BusinessDate
  readonly actor: string
}

/**
 * Closes a day, not while it is being built: that build began with a day that was open, and what it changes would be
 * no revision.
 */
export async function closeOnceBuilt(
  db: Kysely<Database>,
  { date, actor }: Close,
  signal?: AbortSignal,
): Promise<void> {
  await underLock(db, { subject: `day:${date}`, signal }, (connection) =>
    markDayClosed(connection, { date, actor }),
  )
}

/** What is done to one business day. */
export function createDayActivities({ db }: { readonly db: Kysely<Database> }) {
  const graph = makeGraph(MODELS)
  return {
    /** Builds all marts of a day; building it again changes what differs and no more. */
    async buildDay({ date, reason, actor }: Build) {
      return await whileBeating(async (signal): Promise<{ runs: readonly ModelRun[] }> => {
        const wanted = { models: graph.models, days: { dates: [date] }, force: 'days' } as const
        const around = { db, graph, actor, reason, signal }
        const { log } = Context.current()
        const { runs, failures } = await runModels(around, wanted, {
          onPlan: (steps) => log.debug('plan made', { steps: explain(steps) }),
        })
        const [failure] = failures
        if (failure === undefined) return { runs }
        throw new UpiError('CHECK_FAILED', `${date}: ${failure.model}: ${failure.error}`, {
          fix: 'see bad_rows of ops.model_runs; the figures are as they were',
        })
      })
    },

    /** Marks a day closed: what was provisional is now final. */
    async closeDay(day: Close): Promise<void> {
      await whileBeating((signal) => closeOnceBuilt(db, day, signal))
    },
  }
}
