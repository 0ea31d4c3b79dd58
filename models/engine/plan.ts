import { isModel, type Model } from './define-model.ts'
import type { Graph } from './graph.ts'
import { loosenedColumns, missingColumns, type Tables, tableFault } from './shape.ts'

/** One thing to do. What a plan prints is what a run does. */
export type Step = RelationsStep | DayStep | WholeStep | SkipStep

/** Brings views to their present queries and makes or widens tables, all in one transaction. */
export interface RelationsStep {
  readonly kind: 'relations'
  readonly views: readonly Stamped[]
  readonly tables: readonly TablePlan[]
}

/** A mart whose table is missing, or lacks columns, or carries other words than its contract. */
export interface TablePlan {
  readonly model: Model
  /** Of the contract, by which a change is noticed. */
  readonly shape: string
  readonly isMissing: boolean
  readonly addColumns: readonly string[]
  readonly loosenColumns: readonly string[]
  /** The models that follow it. */
  readonly followers: readonly string[]
}

/** Builds one business day of marts at one snapshot. */
export interface DayStep {
  readonly kind: 'day'
  readonly date: string
  readonly models: readonly Stamped[]
  readonly reason: Reason
}

/** Builds a model that has no days: the keys that are stale, or all of it. */
export interface WholeStep {
  readonly kind: 'whole'
  readonly model: Model
  readonly fingerprint: string
  readonly reason: Reason
  readonly scope: 'stale keys' | 'all'
}

/** Leaves a day as it is: its rows are in the lake, and a build from what is left would lose its figures. */
export interface SkipStep {
  readonly kind: 'skip'
  readonly date: string
  readonly reason: 'archived'
}

/** Why something is built; the weightiest of the reasons. */
export type Reason = 'asked' | 'never built' | 'model changed' | 'failed before' | 'rows changed'

/** A model with what it was made of when the plan was made. */
export interface Stamped {
  readonly model: Model
  readonly fingerprint: string
}

/** What the database holds already. */
export interface Warehouse {
  /** The fingerprint of each view that exists. */
  readonly views: ReadonlyMap<string, string>
  readonly tables: Tables
  /** What each model holds of each day; of models without days under ''. */
  readonly built: ReadonlyMap<string, ReadonlyMap<string, Built>>
  /** The days with marks, by model; a mark on a key alone counts under ''. */
  readonly marked: ReadonlyMap<string, ReadonlySet<string>>
  /** The days that have rows in clean. */
  readonly days: ReadonlySet<string>
  /** The days whose rows are not in Postgres any more. */
  readonly archived: ReadonlySet<string>
  /** Models that follow a mart of which rows have changed since. */
  readonly stale: ReadonlySet<string>
}

export interface Built {
  readonly fingerprint: string
  readonly state: 'built' | 'failed'
}

/** What is asked for. */
export interface Wanted {
  readonly models: readonly Model[]
  /** Only these of the days that are known. */
  readonly days?: { readonly from: string; readonly to: string }
  /** Builds what is up to date as well, and models without days whole. */
  readonly isFull?: boolean
}

/** Lists what must be done so that the models asked for hold what they should; nothing if they do. */
export function plan(graph: Graph, wanted: Wanted, warehouse: Warehouse): Step[] {
  const days = dayModels(wanted.models)
  const dates = datesOf(wanted, warehouse)
  const steps: Step[] = dates.flatMap((date): Step[] => {
    const { models, reason } = dayNeeds(graph, days, { date, wanted, warehouse })
    if (reason === undefined) return []
    if (warehouse.archived.has(date)) return [{ kind: 'skip', date, reason: 'archived' }]
    return [{ kind: 'day', date, models, reason }]
  })
  return [
    ...relations(graph, warehouse),
    ...steps,
    ...wholeSteps(graph, wanted, { warehouse, steps }),
  ]
}

/** The models that are built by day. */
export function dayModels(models: readonly Model[]): Model[] {
  return models.filter(({ kind }) => kind === 'by day')
}

/** The models that have no days. */
export function wholeModels(models: readonly Model[]): Model[] {
  return models.filter(({ kind }) => kind === 'by key' || kind === 'table')
}

/** All relations that are not there yet as the models have them, asked for or not: models read each other. */
export function relations(
  graph: Graph,
  { views, tables }: Pick<Warehouse, 'views' | 'tables'>,
): Step[] {
  const staleViews = graph.models
    .filter(
      (model) => model.kind === 'view' && views.get(model.name) !== graph.fingerprintOf(model),
    )
    .map((model) => stamp(graph, model))
  const staleTables = graph.models
    .filter(({ kind }) => kind !== 'view')
    .flatMap((model): TablePlan[] => {
      const [table, shape] = [tables.get(model.name), graph.shapeOf(model)]
      if (table?.shape === shape) return []
      if (table !== undefined) tableFault(model, table)
      const followers = graph.followersOf(model).map((follower) => follower.model)
      const addColumns = table === undefined ? [] : missingColumns(model, table)
      const loosenColumns = table === undefined ? [] : loosenedColumns(model, table)
      const isMissing = table === undefined
      return [{ model, shape, isMissing, addColumns, loosenColumns, followers }]
    })
  if (staleViews.length + staleTables.length === 0) return []
  return [{ kind: 'relations', views: staleViews, tables: staleTables }]
}

function datesOf({ days, models }: Wanted, { days: known, built, marked }: Warehouse): string[] {
  const all = new Set(known)
  for (const { name } of models) {
    for (const date of [...(built.get(name)?.keys() ?? []), ...(marked.get(name) ?? [])]) {
      all.add(date)
    }
  }
  all.delete('')
  const dates = [...all].toSorted()
  return days === undefined ? dates : dates.filter((date) => date >= days.from && date <= days.to)
}

interface DayLook {
  readonly date: string
  readonly wanted: Wanted
  readonly warehouse: Warehouse
}

// Rows that changed concern all marts of the day, which are to be of one snapshot; another reason only its model. What
// is built reads nothing stale: marts above that nobody asked for are built with it if they need it.
function dayNeeds(graph: Graph, models: readonly Model[], look: DayLook) {
  const reasons = models.map((model) => reasonFor(graph, model, look))
  const isChanged = reasons.includes('rows changed') || reasons.includes('asked')
  const needy = isChanged ? models : models.filter((_, i) => reasons[i] !== undefined)
  const above = { ...look, wanted: { models } }
  const stale = martsAbove(needy).filter((model) => reasonFor(graph, model, above) !== undefined)
  const building = new Set([...needy, ...stale].map(({ name }) => name))
  return {
    models: graph.models.filter(({ name }) => building.has(name)).map((one) => stamp(graph, one)),
    reason: WEIGHT.find((one) => reasons.includes(one)),
  }
}

// The marts built by day that these read, through views and through each other.
function martsAbove(models: readonly Model[]): Model[] {
  const above = new Set<Model>()
  const visit = (model: Model) => {
    for (const read of model.reads) {
      if (!isModel(read) || above.has(read)) continue
      if (read.kind === 'by day') above.add(read)
      visit(read)
    }
  }
  for (const model of models) visit(model)
  return [...above]
}

const WEIGHT: readonly Reason[] = [
  'asked',
  'rows changed',
  'failed before',
  'model changed',
  'never built',
]

function reasonFor(graph: Graph, model: Model, look: DayLook): Reason | undefined {
  const { date, wanted, warehouse } = look
  const { name } = model
  if (wanted.isFull === true) return 'asked'
  if (warehouse.marked.get(name)?.has(date)) return 'rows changed'
  const built = warehouse.built.get(name)?.get(date)
  if (built === undefined) return 'never built'
  if (built.state === 'failed') return 'failed before'
  return built.fingerprint === graph.fingerprintOf(model) ? undefined : 'model changed'
}

// A model without days is stale when rows changed above it, and also when a day above it is about to be built.
function wholeSteps(
  graph: Graph,
  wanted: Wanted,
  { warehouse, steps }: { readonly warehouse: Warehouse; readonly steps: readonly Step[] },
): WholeStep[] {
  const building = new Set<string>()
  for (const step of steps) {
    if (step.kind === 'day') for (const { model } of step.models) building.add(model.name)
  }
  const whole: WholeStep[] = []
  for (const model of wholeModels(wanted.models)) {
    const above = model.reads.some(({ name }) => building.has(name))
    const reason =
      wholeReason(graph, model, { wanted, warehouse }) ?? (above ? 'rows changed' : undefined)
    if (reason === undefined) continue
    building.add(model.name)
    const isPartial = model.kind === 'by key' && reason === 'rows changed'
    const scope = isPartial ? 'stale keys' : 'all'
    whole.push({ kind: 'whole', ...stamp(graph, model), reason, scope })
  }
  return whole
}

function wholeReason(
  graph: Graph,
  model: Model,
  { wanted, warehouse }: Omit<DayLook, 'date'>,
): Reason | undefined {
  if (wanted.isFull === true) return 'asked'
  const built = warehouse.built.get(model.name)?.get('')
  if (built === undefined) return 'never built'
  if (built.state === 'failed') return 'failed before'
  if (built.fingerprint !== graph.fingerprintOf(model)) return 'model changed'
  const isStale = warehouse.stale.has(model.name) || warehouse.marked.has(model.name)
  return isStale ? 'rows changed' : undefined
}

/** The models with what they are made of now. */
export function stampAll(graph: Graph, models: readonly Model[]): Stamped[] {
  return models.map((model) => stamp(graph, model))
}

function stamp(graph: Graph, model: Model): Stamped {
  return { model, fingerprint: graph.fingerprintOf(model) }
}
