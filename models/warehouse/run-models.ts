import { plan, type Step, type Wanted } from '../engine/plan.ts'
import type { Surroundings } from './build-day.ts'
import { underLock } from './connection.ts'
import { discover, lookAround } from './discover.ts'
import { type Executed, execute, type Watcher } from './execute.ts'
import { makeRelations } from './make-relations.ts'
import { readWarehouse } from './read-warehouse.ts'

/** Told of a run as it goes on. */
export interface RunWatcher extends Watcher {
  readonly onWait?: () => void
  /** Told that no other run is under way any more. */
  readonly onTurn?: () => void
  /** Told of the views and tables that were made or altered. */
  readonly onMake?: (names: readonly string[]) => void
  readonly onPlan?: (steps: readonly Step[]) => void
}

/** Finds out what has changed, plans and builds. One such run at a time: the second finds what the first has left. */
export async function runModels(
  around: Surroundings,
  wanted: Wanted,
  watcher: RunWatcher = {},
): Promise<Executed> {
  const { db, graph, signal } = around
  watcher.onWait?.()
  return await underLock(db, { subject: 'run', signal }, async () => {
    watcher.onTurn?.()
    const made = await makeRelations(db, graph, signal)
    if (made.length > 0) watcher.onMake?.(made)
    await discover(db, graph, signal)
    const steps = plan(graph, wanted, await readWarehouse(db, graph))
    watcher.onPlan?.(steps)
    return await execute(steps, around, watcher)
  })
}

/** What a run would do now; nothing is written. */
export async function planModels(
  { db, graph }: Pick<Surroundings, 'db' | 'graph'>,
  wanted: Wanted,
): Promise<Step[]> {
  return plan(graph, wanted, await readWarehouse(db, graph, await lookAround(db)))
}
