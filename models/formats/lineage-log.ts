import { isModel, type Model } from '../engine/define-model.ts'
import type { Step } from '../engine/plan.ts'
import {
  commandEvent,
  type Ending,
  endOf,
  type LineageContext,
  type LineageEvent,
  type ModelBuild,
  startOf,
  viewEvent,
} from './open-lineage.ts'

/** What came of a step. */
export interface StepOutcome {
  readonly runs: readonly Counted[]
  readonly failure?: { readonly model: string; readonly error: string } | undefined
}

interface Counted {
  readonly model: string
  readonly inserted: number
  readonly updated: number
  readonly unchanged: number
}

/** What a log of lineage is given; it asks no clock and no dice itself. */
export interface LineageMeans {
  readonly newId: () => string
  readonly now: () => Date
  readonly send: (event: LineageEvent) => void
}

/** Tells a run as events: each build has one START and one end, whatever happens. */
export class LineageLog {
  readonly #context: LineageContext
  readonly #means: LineageMeans
  /** Days are built a few at a time. */
  readonly #open = new Map<Step, readonly ModelBuild[]>()
  #left = 0
  #state: 'waiting' | 'running' | 'failed' = 'waiting'

  constructor(context: LineageContext, means: LineageMeans) {
    this.#context = context
    this.#means = means
  }

  /** A run that has nothing to build is not told. */
  planned(steps: readonly Step[]): void {
    this.#left = steps.filter(isBuild).length
    if (this.#left === 0) return
    this.#state = 'running'
    this.#send(commandEvent('START', this.#means.now(), this.#context))
    const views = viewsUnder(steps.flatMap((step) => modelsOf(step)))
    for (const view of views) this.#send(viewEvent(view, this.#means.now(), this.#context))
  }

  started(step: Step): void {
    const date = step.kind === 'day' ? step.date : null
    const builds = modelsOf(step).map((model) => ({ model, date, runId: this.#means.newId() }))
    this.#open.set(step, builds)
    for (const build of builds) this.#send(startOf(build, this.#means.now(), this.#context))
  }

  ended(step: Step, { runs, failure }: StepOutcome): void {
    if (!isBuild(step)) return
    this.#left -= 1
    if (failure !== undefined) this.#state = 'failed'
    this.#end(step, (model): Ending => {
      if (failure?.model === model) return { type: 'FAIL', error: failure.error }
      const run = runs.find((each) => each.model === model)
      if (run === undefined) return { type: 'ABORT' }
      return { type: 'COMPLETE', rows: run.inserted + run.updated + run.unchanged }
    })
  }

  /** Ends what is open, for a run may break off anywhere. */
  closed(): void {
    if (this.#state === 'waiting') return
    for (const step of this.#open.keys()) this.#end(step, () => ({ type: 'ABORT' }))
    const type = this.#state === 'failed' ? 'FAIL' : this.#left > 0 ? 'ABORT' : 'COMPLETE'
    this.#send(commandEvent(type, this.#means.now(), this.#context))
    this.#state = 'waiting'
  }

  #end(step: Step, endingOf: (model: string) => Ending): void {
    const now = this.#means.now()
    for (const build of this.#open.get(step) ?? []) {
      this.#send(endOf(build, endingOf(build.model.name), now, this.#context))
    }
    this.#open.delete(step)
  }

  #send(event: LineageEvent): void {
    this.#means.send(event)
  }
}

function isBuild(step: Step): boolean {
  return step.kind === 'day' || step.kind === 'whole'
}

function modelsOf(step: Step): Model[] {
  if (step.kind === 'day') return step.models.map(({ model }) => model)
  return step.kind === 'whole' ? [step.model] : []
}

function viewsUnder(models: readonly Model[]): Model[] {
  const views = models
    .flatMap(({ reads }) => reads.filter(isModel))
    .filter(({ kind }) => kind === 'view')
  if (views.length === 0) return []
  return [...new Set([...viewsUnder(views), ...views])]
}
