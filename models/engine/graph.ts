import { createHash } from 'node:crypto'
import { UpiError } from '../../core/errors.ts'
import type { Model } from './define-model.ts'

/** Who reads whom. */
export interface Graph {
  /** Every model after those it reads. */
  readonly models: readonly Model[]
  /** What a model is made of: changes when its query, its promise or anything upstream changes. */
  fingerprintOf(model: Model): string
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
  }
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
    if (!('compile' in read)) continue
    const upstream = byName.get(read.name)
    if (upstream === undefined) {
      throw new UpiError(
        'MODELS_INVALID',
        `model ${model.name} reads ${read.name}, which is not listed`,
        {
          fix: 'add it to models/index.ts',
        },
      )
    }
    visit(upstream, { byName, ordered, path: [...path, model.name] })
  }
  ordered.add(model)
}

function fingerprint(model: Model, upstream: ReadonlyMap<string, string>): string {
  const { sql, parameters } = model.compile()
  const { kind, day, grain } = model
  const reads = model.reads.map((read) => upstream.get(read.name) ?? read.name)
  const content = JSON.stringify({ sql, parameters, kind, day, grain, reads })
  return createHash('sha256').update(content).digest('hex').slice(0, 16)
}
