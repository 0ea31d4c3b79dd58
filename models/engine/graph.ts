import { createHash } from 'node:crypto'
import { UpiError } from '../../core/errors.ts'
import { isModel, type Model } from './define-model.ts'
import { statement } from './statement.ts'

/** Who reads whom. */
export interface Graph {
  /** Every model after those it reads. */
  readonly models: readonly Model[]
  /** What a model is made of: changes when its query, its promise or anything upstream changes. */
  fingerprintOf(model: Model): string
  /** What a model's table is made of: changes when a column, a type, the key, a word or a follower changes. */
  shapeOf(model: Model): string
  /** The `by key` models that follow this one. */
  followersOf(model: Model): readonly Follower[]
}

export interface Follower {
  readonly model: string
  /** The column of the followed mart that holds the follower's key. */
  readonly by: string
}

/** Orders the models; names what is listed twice, read but not listed, or read in a circle. */
export function makeGraph(models: readonly Model[]): Graph {
  const byName = new Map(models.map((model) => [model.name, model]))
  if (byName.size < models.length) {
    const twice = models.find((model, i) => models.findIndex((m) => m.name === model.name) < i)
    throw new UpiError('MODELS_INVALID', `model ${twice?.name} is listed twice`)
  }
  const ordered = new Set<Model>()
  for (const model of models) visit(model, { byName, ordered, path: [] })
  const fingerprints = new Map<string, string>()
  for (const model of ordered) fingerprints.set(model.name, fingerprint(model, fingerprints))
  return {
    models: [...ordered],
    fingerprintOf: (model) => fingerprints.get(model.name) as string,
    shapeOf: (model) => shape(model, followersOf(ordered, model)),
    followersOf: (model) => followersOf(ordered, model),
  }
}

/** The models that these read, theirs, and so on, as many steps far. */
export function upstreamOf(models: readonly Model[], steps = Number.POSITIVE_INFINITY): Model[] {
  return reach(models, steps, ({ reads }) => reads.filter(isModel))
}

/** The models that read these, those that read them, and so on, as many steps far. */
export function downstreamOf(
  { models: all }: Graph,
  models: readonly Model[],
  steps = Number.POSITIVE_INFINITY,
): Model[] {
  return reach(models, steps, (model) => all.filter(({ reads }) => reads.includes(model)))
}

function reach(
  from: readonly Model[],
  steps: number,
  next: (model: Model) => readonly Model[],
): Model[] {
  const found = new Set<Model>()
  let edge = from
  for (let step = 0; step < steps && edge.length > 0; step += 1) {
    edge = edge.flatMap(next).filter((model) => !found.has(model))
    for (const model of edge) found.add(model)
  }
  return [...found]
}

interface Walk {
  readonly byName: ReadonlyMap<string, Model>
  readonly ordered: Set<Model>
  readonly path: readonly string[]
}

function visit(model: Model, { byName, ordered, path }: Walk): void {
  if (ordered.has(model)) return
  if (path.includes(model.name)) {
    const circle = [...path.slice(path.indexOf(model.name)), model.name].join(' → ')
    throw new UpiError('MODELS_INVALID', `models read each other in a circle: ${circle}`)
  }
  for (const read of model.reads) {
    if (!isModel(read)) continue
    visit(listed(model, read, byName), { byName, ordered, path: [...path, model.name] })
    refuseUnheard(model, read)
  }
  // Checks come after all builds, so that what they read may come in any order.
  for (const check of model.checks) {
    const reads = 'reads' in check ? check.reads : []
    for (const read of reads) if (isModel(read)) listed(model, read, byName)
  }
  ordered.add(model)
}

// A day is built before what has no days, and a follower hears of the mart it follows only: of anything else that they
// read they would keep what it was.
function refuseUnheard(model: Model, read: Model): void {
  if (model.kind === 'by key' && read.name !== model.follows?.mart.name) {
    throw new UpiError(
      'MODELS_INVALID',
      `model ${model.name} reads ${read.name}, and follows ${model.follows?.mart.name} only`,
      { fix: 'read what it follows only, or make it a table' },
    )
  }
  const wholes = model.kind === 'by day' ? wholesOf(read) : []
  if (wholes.length > 0) {
    throw new UpiError(
      'MODELS_INVALID',
      `model ${model.name} is built by day, and reads ${wholes[0]}, which has no days`,
      {
        fix: 'make it a table, or a view over both',
      },
    )
  }
}

function wholesOf(model: Model): string[] {
  if (model.kind === 'view')
    return model.reads.flatMap((read) => (isModel(read) ? wholesOf(read) : []))
  return model.kind === 'by day' ? [] : [model.name]
}

function listed(model: Model, read: Model, byName: Walk['byName']): Model {
  const upstream = byName.get(read.name)
  if (upstream !== undefined) return upstream
  throw new UpiError(
    'MODELS_INVALID',
    `model ${model.name} reads ${read.name}, which is not listed`,
    {
      fix: 'add it to models/index.ts',
    },
  )
}

function followersOf(models: Iterable<Model>, mart: Model): Follower[] {
  return [...models].flatMap(({ name, follows }) =>
    follows?.mart.name === mart.name ? [{ model: name, by: follows.by }] : [],
  )
}

function shape({ about, columns, grain }: Model, followers: readonly Follower[]): string {
  const declared = Object.entries(columns).map(([name, { type, nullable, about: words }]) => [
    name,
    type,
    nullable,
    words,
  ])
  const isFollowed = followers.length > 0 && followers
  return hash({ about, declared, grain, isFollowed })
}

function fingerprint(model: Model, upstream: ReadonlyMap<string, string>): string {
  const { sql, parameters } = model.compile()
  const { kind, grain } = model
  const day = model.day === undefined ? undefined : statement(model.day)
  const columns = Object.entries(model.columns).map(([name, { type }]) => [name, type])
  const reads = model.reads.map((read) => upstream.get(read.name) ?? read.name)
  return hash({ sql, parameters, kind, day, grain, columns, reads })
}

function hash(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16)
}
