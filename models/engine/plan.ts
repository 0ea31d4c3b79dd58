import type { Model } from './define-model.ts'
import type { Graph } from './graph.ts'

/** One thing to do. What a plan prints is what a run does. */
export type Step = ViewsStep | DayStep | SkipStep

/** Brings views to their present queries, all in one transaction. */
export interface ViewsStep {
  readonly kind: 'views'
  readonly models: readonly Stamped[]
}

/** Builds one business day of the marts at one snapshot. */
export interface DayStep {
  readonly kind: 'day'
  readonly date: string
  readonly models: readonly Stamped[]
  readonly reason: string
}

/** Leaves a day as it is: its rows are in the lake, and a build from what is left would lose its figures. */
export interface SkipStep {
  readonly kind: 'skip'
  readonly date: string
  readonly reason: 'archived'
}

/** A model with what it was made of when the plan was made. */
export interface Stamped {
  readonly model: Model
  readonly fingerprint: string
}

/** What the database holds already. */
export interface Warehouse {
  /** The fingerprint of each view that exists. */
  readonly views: ReadonlyMap<string, string>
  /** The days among those wanted whose rows are not in Postgres any more. */
  readonly archived: ReadonlySet<string>
}

/** Lists what must be done to have these days built by the present models: first the views that differ. */
export function planDays(
  graph: Graph,
  wanted: { readonly dates: readonly string[]; readonly reason: string },
  warehouse: Warehouse,
): Step[] {
  const stamped = graph.models.map((model) => ({ model, fingerprint: graph.fingerprintOf(model) }))
  const views = stamped.filter(
    ({ model, fingerprint }) =>
      model.kind === 'view' && warehouse.views.get(model.name) !== fingerprint,
  )
  const marts = stamped.filter(({ model }) => model.kind === 'by day')
  return [
    ...(views.length === 0 ? [] : [{ kind: 'views', models: views } as const]),
    ...wanted.dates.map(
      (date): Step =>
        warehouse.archived.has(date)
          ? { kind: 'skip', date, reason: 'archived' }
          : { kind: 'day', date, models: marts, reason: wanted.reason },
    ),
  ]
}
