import { LineageLog } from '../models/formats/lineage-log.ts'
import type { Db } from '../models/warehouse/connection.ts'
import { readPlace } from '../models/warehouse/read-artifacts.ts'
import type { RunWatcher } from '../models/warehouse/run-models.ts'
import { type Config, need } from '../platform/config.ts'
import { openLineageOutlet } from '../platform/lineage-outlet.ts'
import { addressOf } from '../platform/postgres.ts'
import { note } from './output.ts'
import { newUuid } from './uuid.ts'

/** Follows a run and tells it as lineage, if the settings name a receiver. */
export interface LineageWatch {
  /** The same watcher, overheard. */
  overhear(watcher: RunWatcher): RunWatcher
  /** Ends what is open, and waits up to a limit for what is on its way. */
  close(): Promise<void>
}

/** Opens the lineage of a run: `overhear` the run's watcher, and `close` in the end whatever came of it. */
export async function openLineage(config: Config, db: Db): Promise<LineageWatch> {
  const outlet = openLineageOutlet(config, note)
  if (outlet === undefined) return { overhear: (watcher) => watcher, close: async () => {} }
  const { version, database, schema } = await readPlace(db)
  const { transformDatabaseUrl } = need(config, 'transformDatabaseUrl')
  const context = {
    namespace: config.openlineageNamespace,
    datasets: `postgres://${addressOf(transformDatabaseUrl).replace(/\/.*$/, '')}`,
    place: { database, schema },
    version,
    runId: newUuid(),
  }
  const log = new LineageLog(context, {
    newId: newUuid,
    now: () => new Date(),
    send: (event) => outlet.send(event),
  })
  let isBroken = false
  // A model that cannot be told is built all the same.
  const quietly = (tell: () => void) => {
    if (isBroken) return
    try {
      tell()
    } catch (fault) {
      isBroken = true
      note(`lineage ends here: ${(fault as Error).message}`)
    }
  }
  return {
    overhear: (watcher) => ({
      ...watcher,
      onPlan: (steps) => {
        watcher.onPlan?.(steps)
        quietly(() => log.planned(steps))
      },
      onStart: (step, nth) => {
        watcher.onStart?.(step, nth)
        quietly(() => log.started(step))
      },
      onEnd: (step, outcome) => {
        watcher.onEnd?.(step, outcome)
        quietly(() => log.ended(step, outcome))
      },
    }),
    close: async () => {
      quietly(() => log.closed())
      await outlet.close()
    },
  }
}
