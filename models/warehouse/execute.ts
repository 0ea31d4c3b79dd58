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

/** Runs a plan, step by step. A day that fails its checks holds up no other; an outage ends the run. */
export async function execute(
  steps: readonly Step[],
  around: Surroundings,
  { onStart, onEnd }: Watcher = {},
): Promise<Executed> {
  const runs: ModelRun[] = []
  const failures: ModelFailure[] = []
  for (const [nth, step] of steps.entries()) {
    onStart?.(step, nth)
    const outcome = await executeStep(step, around)
    runs.push(...outcome.runs)
    if (outcome.failure !== undefined) failures.push(outcome.failure)
    onEnd?.(step, outcome)
  }
  return { runs, failures }
}

async function executeStep(step: Step, around: Surroundings): Promise<Outcome> {
  if (step.kind === 'day') return await buildDay(step, around)
  if (step.kind === 'whole') return await buildWhole(step, around)
  if (step.kind === 'relations') await makeRelations(around.db, around.graph, around.signal)
  return { runs: [] }
}
