import { sql } from 'kysely'
import { type DayStep, plan, wholeModels } from '../engine/plan.ts'
import { statement } from '../engine/statement.ts'
import { buildDay, buildEmptyDay, type DayOptions, type Surroundings } from './build-day.ts'
import { wholeDay } from './close-day.ts'
import { run } from './connection.ts'
import { discover } from './discover.ts'
import { isBuilt } from './empty-day.ts'
import { type Executed, execute } from './execute.ts'
import { makeRelations } from './make-relations.ts'
import { readWithoutDays } from './read-warehouse.ts'

/** Makes ready for builds of days: views and tables are as the models have them, and what has changed is marked. */
export async function prepare({ db, graph, signal }: Surroundings): Promise<void> {
  await makeRelations(db, graph, signal)
  await discover(db, graph, signal)
}

/** Builds all marts of a day, up to date or not. Its surroundings have been prepared. */
export async function runDay(
  around: Surroundings,
  date: string,
  options: DayOptions = {},
): Promise<Executed> {
  const { runs, failure } = await buildDay(stepFor(around, date), around, options)
  return { runs, failures: failure === undefined ? [] : [failure] }
}

/** The same for a day without rows that nobody else builds; false, and nothing done, for every other one. */
export async function runEmptyDay(
  around: Surroundings,
  date: string,
  options: DayOptions,
): Promise<boolean> {
  return await buildEmptyDay(stepFor(around, date), around, options)
}

/** Whether a day was built and closed since an instant: what a try asks whose predecessor was not heard of again. */
export async function wasRunSince(
  { db, graph }: Surroundings,
  date: string,
  since: Date,
): Promise<boolean> {
  const built = statement(sql`select ${isBuilt(date, wholeDay(graph), since)} as built`)
  const [found] = await run<{ built: boolean }>(db, built)
  return found?.built === true
}

/** Builds what follows from days: the models that have none and are stale. */
export async function runFollowers(around: Surroundings): Promise<Executed> {
  const { db, graph } = around
  const steps = plan(graph, { models: wholeModels(graph.models) }, await readWithoutDays(db, graph))
  return await execute(steps, around)
}

/** A day of all marts, and what follows; a run before this one may have been killed between the two. */
export async function runDayAlone(around: Surroundings, date: string): Promise<Executed> {
  await prepare(around)
  const day = await runDay(around, date)
  if (day.failures.length > 0) return day
  const { runs, failures } = await runFollowers(around)
  return { runs: [...day.runs, ...runs], failures }
}

function stepFor({ graph }: Surroundings, date: string): DayStep {
  return { kind: 'day', date, models: wholeDay(graph), reason: 'asked' }
}
