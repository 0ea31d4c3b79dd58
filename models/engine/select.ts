import { UpiError } from '../../core/errors.ts'
import type { Model } from './define-model.ts'
import { downstreamOf, type Graph, upstreamOf } from './graph.ts'

/**
 * The models that selectors name, in the order of the graph; all without any. A selector is a name, in which `*` stands
 * for anything, or `tag:` and a tag; `+` before it takes what it reads too, `+` behind it what reads it, and a number
 * beside the plus says how many steps far. Several, by space or comma or given apart, are taken together.
 */
export function selectModels(graph: Graph, selections: readonly string[]): Model[] {
  const selectors = selections.flatMap((text) => text.split(/[\s,]+/)).filter((each) => each !== '')
  if (selections.length > 0 && selectors.length === 0) refuse('a selection names no model')
  if (selectors.length === 0) return [...graph.models]
  const chosen = new Set(selectors.flatMap((selector) => choose(graph, selector)))
  return graph.models.filter((model) => chosen.has(model))
}

const SELECTOR = /^(?:(\d*)(\+))?((?:tag:)?[\w*.-]+)(?:(\+)(\d*))?$/

function choose(graph: Graph, selector: string): Model[] {
  const match = SELECTOR.exec(selector)
  if (match === null) refuse(`'${selector}' is no selection`)
  const [, upSteps, up, what = '', down, downSteps] = match
  const named = find(graph, what)
  const above = up === undefined ? [] : upstreamOf(named, stepsOf(upSteps))
  const below = down === undefined ? [] : downstreamOf(graph, named, stepsOf(downSteps))
  return [...above, ...named, ...below]
}

function stepsOf(text: string | undefined): number {
  return text === undefined || text === '' ? Number.POSITIVE_INFINITY : Number(text)
}

function find({ models }: Graph, what: string): Model[] {
  const isTag = what.startsWith('tag:')
  const wanted = isTag ? what.slice('tag:'.length) : what
  const namesOf = ({ name, tags }: Model) => (isTag ? tags : [name])
  const pattern = new RegExp(`^${wanted.split('*').map(escaped).join('.*')}$`)
  const found = models.filter((model) => namesOf(model).some((name) => pattern.test(name)))
  if (found.length > 0) return found
  const known = [...new Set(models.flatMap(namesOf))]
  const near = known.filter((name) => isNear(wanted, name)).toSorted()
  const hint = near.length > 0 ? near : known.toSorted()
  const list = hint.map((name) => (isTag ? `tag:${name}` : name)).join(', ')
  refuse(
    `no model ${isTag ? 'has the tag' : 'is named'} '${wanted}'`,
    near.length > 0 ? `did you mean ${list}?` : `there ${isTag ? 'is' : 'are'} ${list || 'none'}`,
  )
}

// A part of the name, or each of its words is one of the name's, if mistyped.
function isNear(wanted: string, name: string): boolean {
  const plain = wanted.replaceAll('*', '')
  if (plain.length > 1 && (name.includes(plain) || plain.includes(name))) return true
  const words = name.split('_')
  return plain
    .split('_')
    .every((word) => words.some((each) => editsBetween(word, each) <= each.length / 4))
}

/** How many letters must be put in, taken out or replaced to make one word of the other. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1]
    for (const [j, another] of [...other].entries()) {
      const replaced = (row[j] as number) + (letter === another ? 0 : 1)
      next.push(Math.min((row[j + 1] as number) + 1, (next[j] as number) + 1, replaced))
    }
    row = next
  }
  return row[other.length] as number
}

function escaped(text: string): string {
  return text.replaceAll(/[.\\^$+?()[\]{}|]/g, '\\$&')
}

function refuse(message: string, fix = 'see ./upi models list'): never {
  throw new UpiError('OPTION_INVALID', message, { fix })
}
