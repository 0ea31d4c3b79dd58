import { Context } from '@temporalio/activity'
import type { Kysely, Transaction } from 'kysely'
import type { BusinessDate } from '../core/time.ts'
import { execute, type ModelRun, readViews } from '../models/engine/execute.ts'
import { explain } from '../models/engine/explain.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { planDays } from '../models/engine/plan.ts'
import { MODELS } from '../models/index.ts'
import type { Database } from '../platform/database.ts'
import { markDayClosed, readArchivedDays } from '../platform/queries/days.ts'
import { insertModelRuns } from '../platform/queries/model-runs.ts'
import { whileBeating } from './heartbeat.ts'

interface Build {
  readonly date: BusinessDate
  readonly reason: string
  readonly actor: string
}

/** What is done to one business day. */
export function createDayActivities({ db }: { readonly db: Kysely<Database> }) {
  const graph = makeGraph(MODELS)
  return {
    /** Builds all marts of a day; building it again changes what differs and no more. */
    async buildDay({ date, reason, actor }: Build) {
      return await whileBeating(async (signal): Promise<{ runs: ModelRun[] }> => {
        const [views, archived] = [await readViews(db), await readArchivedDays(db, [date])]
        const plan = planDays(graph, { dates: [date], reason }, { views, archived })
        Context.current().log.debug('plan made', { steps: explain(plan) })
        const record = async (trx: Transaction<Database>, runs: readonly ModelRun[]) =>
          await insertModelRuns(trx, runs, actor)
        return { runs: await execute(plan, { db, record, signal }) }
      })
    },

    /** Marks a day closed: what was provisional is now final. */
    async closeDay(day: { date: BusinessDate; actor: string }): Promise<void> {
      await markDayClosed(db, day)
    },
  }
}
