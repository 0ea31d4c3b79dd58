import { isModel, type Model, type Relation } from '../models/engine/define-model.ts'
import { paint, print, printJson } from './output.ts'
import { chosenModels, type ModelOptions } from './with-models.ts'

/** `./upi models graph` */
export function showGraph(options: ModelOptions & { readonly mermaid?: boolean }): void {
  const { models } = chosenModels(options)
  if (options.json === true) printJson(graphForMachines(models))
  else for (const line of options.mermaid ? mermaidLines(models) : treeLines(models)) print(line)
}

function graphForMachines(models: readonly Model[]) {
  return {
    models: models.map(({ name, kind }) => ({ name, kind })),
    sources: outsideOf(models).map(({ name }) => name),
    edges: edgesOf(models),
  }
}

function edgesOf(models: readonly Model[]) {
  return models.flatMap((model) =>
    model.reads.map((read) => ({
      from: read.name,
      to: model.name,
      follows: model.follows?.mart.name === read.name,
    })),
  )
}

/** What these models read without being of them: sources, and models that were not chosen. */
function outsideOf(models: readonly Model[]): Relation[] {
  const inside = new Set(models.map(({ name }) => name))
  const outside = new Map<string, Relation>()
  for (const read of models.flatMap(({ reads }) => reads)) {
    if (!inside.has(read.name)) outside.set(read.name, read)
  }
  return [...outside.values()]
}

/** Each model once, under the last of those that it reads; the others are named beside it. */
export function treeLines(models: readonly Model[]): string[] {
  const order = new Map(models.map(({ name }, i) => [name, i]))
  const parentOf = ({ reads }: Model) =>
    reads.reduce<Relation | undefined>(
      (last, read) =>
        last === undefined || (order.get(read.name) ?? -1) > (order.get(last.name) ?? -1)
          ? read
          : last,
      undefined,
    )
  const childrenOf = (name: string) => models.filter((model) => parentOf(model)?.name === name)
  const below = (name: string, indent: string): string[] =>
    childrenOf(name).flatMap((child, i, all) => {
      const isLast = i === all.length - 1
      const line = `${indent}${isLast ? '└─ ' : '├─ '}${labelOf(child, name)}`
      return [line, ...below(child.name, `${indent}${isLast ? '   ' : '│  '}`)]
    })
  const roots = [...outsideOf(models), ...models.filter(({ reads }) => reads.length === 0)]
  return roots.flatMap((root) => {
    const lines = below(root.name, '')
    if (lines.length === 0 && !models.some(({ name }) => name === root.name)) return []
    const kind = isModel(root) ? root.kind : 'source'
    return [`${paint('bold', root.name)} ${paint('dim', kind)}`, ...lines]
  })
}

function labelOf({ name, kind, reads }: Model, parent: string): string {
  const others = reads.map((read) => read.name).filter((read) => read !== parent)
  const besides = others.length === 0 ? '' : `, reads ${others.join(', ')} too`
  return `${name} ${paint('dim', `${kind}${besides}`)}`
}

function mermaidLines(models: readonly Model[]): string[] {
  const sources = outsideOf(models).map(({ name }) => `  ${name}[(${name})]`)
  const nodes = models.map(({ name, kind }) =>
    kind === 'view' ? `  ${name}(["${name}"])` : `  ${name}["${name}<br/>${kind}"]`,
  )
  const edges = edgesOf(models).map(
    ({ from, to, follows }) => `  ${from} ${follows ? '-. follows .->' : '-->'} ${to}`,
  )
  return ['flowchart LR', ...sources, ...nodes, ...edges]
}
