import { isModel, type Model, type Relation, type TotalsCheck } from './define-model.ts'
import type { Graph } from './graph.ts'
import { plan, type Warehouse } from './plan.ts'

/** Business days, both ends included. */
export interface DayRange {
  readonly from: string
  readonly to: string
}

/** How the models stand: what they hold, and what a run would build now. */
export interface Standing {
  /** The days that a model holds. */
  heldBy(model: Model): readonly string[]
  /** The days that a run would build; of a model without days, ''. */
  pendingOf(model: Model): readonly string[]
  /** The days on which the sums of a check must agree now; 'all' means over all days at once. */
  comparable(model: Model, check: TotalsCheck): readonly string[] | 'all'
}

/** What is dirty may rightly differ from others, and what is archived has nothing to be compared with. */
export function standingOf(graph: Graph, warehouse: Warehouse, range?: DayRange): Standing {
  const pending = pendingDays(graph, warehouse)
  const pendingOf = ({ name }: Model) => [...(pending.get(name) ?? [])]
  const isWithin = (day: string) =>
    day !== '' && (range === undefined || (day >= range.from && day <= range.to))
  const heldBy = ({ name }: Model) =>
    [...(warehouse.built.get(name)?.keys() ?? [])].filter(isWithin).toSorted()
  return {
    heldBy,
    pendingOf: (model) => pendingOf(model).filter((day) => day === '' || isWithin(day)),
    comparable: (model, check) => {
      const needed = martsOf(check.reads)
      const isOfClean = check.reads.some(readsClean)
      const isPending = (day: string) =>
        [model, ...needed].some(({ name }) => pending.get(name)?.has(day) === true)
      if (model.kind !== 'by day') {
        const isLost = isOfClean && warehouse.archived.size > 0
        const isDirty = [model, ...needed].some((each) => pendingOf(each).length > 0)
        return isLost || isDirty ? [] : 'all'
      }
      return heldBy(model).filter(
        (day) => !isPending(day) && !(isOfClean && warehouse.archived.has(day)),
      )
    },
  }
}

function pendingDays(graph: Graph, warehouse: Warehouse): ReadonlyMap<string, ReadonlySet<string>> {
  const pending = new Map<string, Set<string>>()
  const add = ({ name }: Model, day: string) =>
    pending.set(name, (pending.get(name) ?? new Set()).add(day))
  for (const step of plan(graph, { models: graph.models }, warehouse)) {
    if (step.kind === 'day') for (const { model } of step.models) add(model, step.date)
    if (step.kind === 'whole') add(step.model, '')
  }
  return pending
}

function martsOf(reads: readonly Relation[]): Model[] {
  return reads
    .filter(isModel)
    .flatMap((model) => (model.kind === 'view' ? martsOf(model.reads) : model))
}

/** Whether what it gives changes with clean at once: it is a source, or a view over one. */
export function readsClean(relation: Relation): boolean {
  return isModel(relation) ? relation.kind === 'view' && relation.reads.some(readsClean) : true
}
