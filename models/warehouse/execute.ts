import { MODEL_DAYS_AT_ONCE } from '../../core/limits.ts'
import type { Step } from '../engine/plan.ts'
import { buildDay, type Outcome, type Surroundings } from './build-day.ts'
import { buildWhole } from './build-whole.ts'
import type { ModelFailure, ModelRun } from './ledger.ts'
import { makeRelations } from './make-relations.ts'

/** What a plan came to. */
export interface Executed {
  readonly runs: readonly ModelRun[]
  readonly failures: readonly ModelFailure[]
}

/** Told of each step as it begins and when it is over. */
export interface Watcher {
  readonly onStart?: (step: Step, nth: number) => void
  readonly onEnd?: (step: Step, outcome: Outcome) => void
}

/**
 * Runs a plan: days a few at a time, anything else alone and in order. A day that fails its checks holds up no other; an
 * outage ends the run, once the days that were begun are over.
 */
export async function execute(
  steps: readonly Step[],
  around: Surroundings,
  { onStart, onEnd }: Watcher = {},
): Promise<Executed> {
  const runs: ModelRun[] = []
  const failures: ModelFailure[] = []
  const left = [...steps.entries()]
  let fault: unknown
  const next = async (): Promise<void> => {
    const [nth, step] = left.shift() as [number, Step]
    onStart?.(step, nth)
    const outcome = await executeStep(step, around)
    runs.push(...outcome.runs)
    if (outcome.failure !== undefined) failures.push(outcome.failure)
    onEnd?.(step, outcome)
  }
  const isDayNext = () => left[0]?.[1].kind === 'day'
  const workOffDays = async () => {
    while (fault === undefined && isDayNext()) {
      await next().catch((cause) => {
        fault ??= cause
      })
    }
  }
  while (left.length > 0) {
    if (isDayNext()) await Promise.all(Array.from({ length: MODEL_DAYS_AT_ONCE }, workOffDays))
    else await next()
    if (fault !== undefined) throw fault
  }
  return { runs, failures }
}

async function executeStep(step: Step, around: Surroundings): Promise<Outcome> {
  if (step.kind === 'day') return await buildDay(step, around)
  if (step.kind === 'whole') return await buildWhole(step, around)
  if (step.kind === 'relations') await makeRelations(around.db, around.graph, around.signal)
  return { runs: [] }
}
