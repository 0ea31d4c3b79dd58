import { renderAnyBad, rowChecks } from '../engine/audit.ts'
import type { Model, Scope } from '../engine/define-model.ts'
import { downstreamOf, type Graph } from '../engine/graph.ts'
import { layOut } from '../engine/lay-out.ts'
import { builtOf, renderAggregate, renderApply } from '../engine/render-build.ts'
import type { Standing } from '../engine/standing.ts'
import type { Statement } from '../engine/statement.ts'
import type { DayEntry, DayState, ModelEntry, RunEntry, Site, SqlEntry } from './site-data.ts'

/** What the ledger tells of the past. */
export interface History {
  /** When each model tried to build a day last, and how that went; '' for a model without days. */
  readonly held: ReadonlyMap<string, ReadonlyMap<string, Held>>
  /** How the business dates stand that have a state. */
  readonly days: ReadonlyMap<string, DayBook>
  readonly runs: ReadonlyMap<string, readonly RunEntry[]>
  /** About how many rows each table has. */
  readonly rows: ReadonlyMap<string, number>
  /** The days that have rows in clean. */
  readonly cleanDays: number
}

export interface Held {
  readonly state: 'built' | 'failed'
  readonly builtAt: Date
}

export interface DayBook {
  readonly state: 'open' | 'closed' | 'revised'
  readonly isArchived: boolean
  readonly revision: number
}

/** Puts together what the site shows, from the models themselves and from what the ledger tells. */
export function makeSite(graph: Graph, history: History, around: Around): Site {
  const { models } = graph
  const known = new Set(models.map(({ name }) => name))
  const reads = models.flatMap((model) => model.reads.map((read) => ({ model, read })))
  const sources = new Set(reads.map(({ read }) => read.name).filter((name) => !known.has(name)))
  return {
    at: around.at,
    models: models.map((model) => entryOf(graph, model, { history, ...around })),
    sources: [...sources].map((name) => ({
      name,
      readBy: reads.filter(({ read }) => read.name === name).map(({ model }) => model.name),
      days: history.cleanDays,
    })),
    edges: reads.map(({ model, read }) => ({
      from: read.name,
      to: model.name,
      isFollowed: model.follows?.mart.name === read.name,
    })),
  }
}

interface Around {
  readonly at: Date
  readonly standing: Standing
}

function entryOf(
  graph: Graph,
  model: Model,
  { history, standing }: Around & { readonly history: History },
): ModelEntry {
  const { name, kind, about, tags, grain, reads } = model
  const held = [...(history.held.get(name)?.values() ?? [])]
  const builds = held.flatMap(({ state, builtAt }) => (state === 'built' ? builtAt.getTime() : []))
  return {
    ...{ name, kind, about, tags, grain },
    columns: columnsOf(model),
    checks: model.checks.map((check) => ({
      name: check.name,
      kind: 'holds' in check ? 'rows' : 'sums',
    })),
    reads: reads.map((read) => read.name),
    readBy: downstreamOf(graph, [model], 1).map((reader) => reader.name),
    sql: kind === 'view' ? viewSql(model) : buildSql(graph, model),
    runs: history.runs.get(name) ?? [],
    days: kind === 'by day' ? daysOf(model, history, standing) : [],
    isStale: kind !== 'view' && standing.pendingOf(model).includes(''),
    rows: kind === 'view' ? undefined : history.rows.get(name),
    builtAt: builds.length === 0 ? undefined : new Date(Math.max(...builds)),
  }
}

function columnsOf({ columns, grain }: Model): ModelEntry['columns'] {
  return Object.entries(columns).map(([name, { type, nullable, about, checks }]) => ({
    name,
    type,
    isNullable: nullable,
    isKey: grain.includes(name),
    about,
    checks: checks.map((check) => check.name),
  }))
}

function daysOf(model: Model, { held, days }: History, standing: Standing): DayEntry[] {
  const builds = held.get(model.name)
  const pending = new Set(standing.pendingOf(model))
  const dates = new Set([...standing.heldBy(model), ...pending])
  return [...dates].toSorted().map((date) => {
    const [build, book] = [builds?.get(date), days.get(date)]
    const { builtAt } = build ?? {}
    return {
      date,
      state: stateOf(build, book, pending.has(date)),
      builtAt,
      revision: book?.revision ?? 0,
    }
  })
}

function stateOf(build: Held | undefined, book: DayBook | undefined, isPending: boolean): DayState {
  if (build?.state === 'failed') return 'failed'
  if (isPending) return 'dirty'
  if (book?.isArchived) return 'archived'
  return book === undefined || book.state === 'open' ? 'built' : book.state
}

function viewSql(model: Model): SqlEntry[] {
  const text = `create view ${model.name} as\n${layOut(model.compile().sql)}`
  return [{ title: 'The view', about: 'what its readers see', text }]
}

function buildSql(graph: Graph, model: Model): SqlEntry[] {
  const scope = scopeOf(model)
  const checks = rowChecks(model, scope)
  const apply = renderApply(model, scope, { followers: graph.followersOf(model) })
  return [
    {
      title: 'The query',
      about: 'computes the rows anew, into a table of the transaction',
      text: textOf(renderAggregate(model, scope)),
    },
    {
      title: 'The audit',
      about: 'looks at them before anybody else can',
      text: textOf(renderAnyBad(checks, builtOf(model))),
    },
    {
      title: 'The change',
      about: 'writes what differs, removes what vanished',
      text: textOf(apply),
    },
  ]
}

const EXAMPLE_DAY = '2026-02-01'

function scopeOf({ kind, name }: Model): Scope | undefined {
  if (kind === 'by day') return { day: EXAMPLE_DAY }
  return kind === 'by key' ? { keysIn: `keys_${name}` } : undefined
}

function textOf({ text, parameters }: Statement): string {
  const values = parameters.map((value, i) => `-- $${i + 1} is such as ${value}\n`)
  return `${values.join('')}${text}`
}
