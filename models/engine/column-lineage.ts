import {
  AliasNode,
  type CommonTableExpressionNode,
  ExpressionWrapper,
  IdentifierNode,
  type OperationNode,
  ParensNode,
  RawNode,
  ReferenceNode,
  SelectAllNode,
  SelectQueryNode,
  sql,
  TableNode,
} from 'kysely'
import { UpiError } from '../../core/errors.ts'
import { isModel, type Model, type Relation } from './define-model.ts'
import { type Use, usesIn } from './expression-uses.ts'
import { statement } from './statement.ts'

/** Where the columns of a model come from. */
export interface Lineage {
  /** For each column what its value is made of, or depends on. */
  readonly columns: Readonly<Record<string, readonly Upstream[]>>
  /** What decides which rows there are: joins, filters, groups. */
  readonly rows: readonly Upstream[]
}

/** A column of a relation that the model reads, and what for. */
export interface Upstream {
  readonly relation: string
  readonly column: string
  /** DIRECT: its value flows on. INDIRECT: it only decides. */
  readonly type: 'DIRECT' | 'INDIRECT'
  readonly subtype: Subtype
}

/** The words of OpenLineage. */
export type Subtype = 'IDENTITY' | 'TRANSFORMATION' | 'AGGREGATION' | Indirect
type Indirect = 'CONDITIONAL' | 'FILTER' | 'JOIN' | 'GROUP_BY' | 'SORT' | 'WINDOW'

/** Reads the columns that each column of a model's query depends on from the query's own tree. */
export function columnLineage(model: Model): Lineage {
  const relations = new Map(model.reads.map((read) => [read.name, read]))
  const { query } = model.compile()
  try {
    const { columns, rows } = lineageOf(query, { tables: new Map(), relations })
    return { columns: Object.fromEntries(columns), rows }
  } catch (cause) {
    if (!(cause instanceof Unknown)) throw cause
    throw new UpiError('MODELS_INVALID', `lineage of ${model.name}: ${cause.message}`)
  }
}

class Unknown extends Error {}

/** What a name stands for where columns are looked up. */
interface Source {
  of(column: string): readonly Upstream[] | undefined
  readonly columns: readonly string[] | undefined
  readonly rows: readonly Upstream[]
}

/** The relations of `with`, and those of the database. */
interface Names {
  readonly tables: ReadonlyMap<string, Source>
  readonly relations: ReadonlyMap<string, Relation>
}

interface Derived {
  readonly columns: ReadonlyMap<string, readonly Upstream[]>
  readonly rows: readonly Upstream[]
}

type Scope = ReadonlyMap<string, Source>

function lineageOf(node: OperationNode, outer: Names): Derived {
  if (ParensNode.is(node)) return lineageOf(node.node, outer)
  if (!SelectQueryNode.is(node)) throw new Unknown(`a ${node.kind} is no query`)
  const names = withTables(node, outer)
  const scope = scopeOf(node, names)
  const look: Look = { scope, names }
  const joins = (node.joins ?? []).flatMap(({ on }) => decide(on?.on, 'JOIN', look))
  const filters = [node.where?.where, node.having?.having].flatMap((condition) =>
    decide(condition, 'FILTER', look),
  )
  const inherited = [...scope.values()].flatMap(({ rows }) => rows)
  // Names of the output may stand in `group by`: then the expression behind the name is meant.
  const outputs = new Map((node.selections ?? []).flatMap(({ selection }) => aliasOf(selection)))
  const groups = (node.groupBy?.items ?? []).flatMap(({ groupBy }) =>
    decide(outputs.get(bareName(groupBy) ?? '') ?? groupBy, 'GROUP_BY', look),
  )
  const rows = distinct([...inherited, ...joins, ...filters, ...groups])
  const columns = new Map(
    (node.selections ?? []).flatMap(({ selection }) => select(selection, look, rows)),
  )
  const united = (node.setOperations ?? []).map(({ expression }) => lineageOf(expression, names))
  return united.reduce(unite, { columns, rows })
}

interface Look {
  readonly scope: Scope
  readonly names: Names
}

function withTables(node: SelectQueryNode, outer: Names): Names {
  const tables = new Map(outer.tables)
  const ctes: readonly CommonTableExpressionNode[] = node.with?.expressions ?? []
  for (const { name, expression } of ctes) {
    const derived = lineageOf(expression, { ...outer, tables })
    tables.set(name.table.table.identifier.name, sourceOf(derived))
  }
  return { ...outer, tables }
}

function scopeOf(node: SelectQueryNode, names: Names): Map<string, Source> {
  const scope = new Map<string, Source>()
  const tables = [
    ...(node.from?.froms ?? []),
    ...(node.joins ?? []).map(({ table }) => table),
  ] as OperationNode[]
  for (const table of tables) {
    const [alias, inner] = AliasNode.is(table) ? [nameOf(table.alias), table.node] : ['', table]
    const source = sourceIn(inner, { scope, names })
    scope.set(alias || (tableIn(inner) ?? ''), source)
  }
  return scope
}

function sourceIn(node: OperationNode, look: Look): Source {
  const { names } = look
  if (SelectQueryNode.is(node) || ParensNode.is(node)) return sourceOf(lineageOf(node, names))
  const name = tableIn(node)
  // A list of values, or a function over columns to its left: whatever it uses is in each of its columns.
  if (name === undefined) {
    const used = distinct(expand(node, look))
    return { of: () => used, columns: undefined, rows: [] }
  }
  const table = names.tables.get(name)
  if (table !== undefined) return table
  const relation = names.relations.get(name)
  if (relation === undefined) throw new Unknown(`${name} is read and not referred to`)
  const columns = isModel(relation) ? Object.keys(relation.columns) : undefined
  return {
    of: (column) =>
      columns === undefined || columns.includes(column)
        ? [{ relation: name, column, type: 'DIRECT', subtype: 'IDENTITY' }]
        : undefined,
    columns,
    rows: [],
  }
}

function sourceOf({ columns, rows }: Derived): Source {
  return { of: (column) => columns.get(column), columns: [...columns.keys()], rows }
}

function select(
  selection: OperationNode,
  look: Look,
  rows: readonly Upstream[],
): [string, readonly Upstream[]][] {
  if (isStar(selection)) {
    return [...look.scope.values()].flatMap((source) => {
      if (source.columns === undefined) throw new Unknown('a * over columns that no one lists')
      return source.columns.map((name): [string, readonly Upstream[]] => [
        name,
        source.of(name) ?? [],
      ])
    })
  }
  const [[name, inner] = [columnIn(selection), selection]] = aliasOf(selection)
  const upstream = distinct(expand(inner, look))
  // How many rows there are depends on what decides that.
  const isCounted = upstream.length === 0 && /\bcount\(\*\)/.test(textOf(inner))
  return [[name, isCounted ? rows : upstream]]
}

/** The columns behind an expression, in the words of the relations that the model reads. */
function expand(node: OperationNode, look: Look): Upstream[] {
  const scope = new Map([...look.scope, ...innerScopes(node, look.names)])
  return usesOf(node).flatMap((use) => {
    const found = resolve(use, scope)
    return found.map((upstream) => compose(use, upstream))
  })
}

function decide(node: OperationNode | undefined, subtype: Indirect, look: Look): Upstream[] {
  if (node === undefined) return []
  return expand(node, look).map(({ relation, column }) => ({
    relation,
    column,
    type: 'INDIRECT',
    subtype,
  }))
}

function usesOf(node: OperationNode): Use[] {
  const isPlain = ReferenceNode.is(node)
  const uses = usesIn(textOf(node))
  return isPlain ? uses.map((use) => ({ ...use, subtype: 'IDENTITY' })) : uses
}

function resolve({ table, column }: Use, scope: Scope): readonly Upstream[] {
  const sources = table === undefined ? [...scope.values()] : [scope.get(table)]
  for (const source of sources) {
    const found = source?.of(column)
    if (found !== undefined) return found
  }
  throw new Unknown(`no relation has ${table === undefined ? column : `${table}.${column}`}`)
}

const WEIGHT: readonly Subtype[] = ['IDENTITY', 'TRANSFORMATION', 'AGGREGATION']

function compose(use: Use, { relation, column, type, subtype }: Upstream): Upstream {
  if (!isDirect(use.subtype)) return { relation, column, type: 'INDIRECT', subtype: use.subtype }
  const heavier = WEIGHT.indexOf(use.subtype) > WEIGHT.indexOf(subtype) ? use.subtype : subtype
  return { relation, column, type, subtype: type === 'DIRECT' ? heavier : subtype }
}

function isDirect(subtype: Subtype): boolean {
  return WEIGHT.includes(subtype)
}

function unite(one: Derived, other: Derived): Derived {
  const theirs = [...other.columns.values()]
  const columns = [...one.columns].map(([name, upstream], i): [string, Upstream[]] => [
    name,
    distinct([...upstream, ...(theirs[i] ?? [])]),
  ])
  return { columns: new Map(columns), rows: distinct([...one.rows, ...other.rows]) }
}

function distinct(upstream: readonly Upstream[]): Upstream[] {
  return [...new Map(upstream.map((each) => [JSON.stringify(each), each])).values()]
}

// Queries within an expression bring names of their own.
function innerScopes(node: OperationNode, names: Names): [string, Source][] {
  return nodesIn(node).flatMap((each) =>
    SelectQueryNode.is(each) ? [...scopeOf(each, withTables(each, names))] : [],
  )
}

function nodesIn(value: unknown): OperationNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn)
  if (typeof value !== 'object' || value === null || !('kind' in value)) return []
  return [value as OperationNode, ...Object.values(value).flatMap(nodesIn)]
}

function tableIn(node: OperationNode): string | undefined {
  if (TableNode.is(node)) return node.table.identifier.name
  if (!RawNode.is(node) || node.parameters.length !== 1) return undefined
  return node.sqlFragments.every((text) => text === '')
    ? tableIn(node.parameters[0] as OperationNode)
    : undefined
}

function aliasOf(node: OperationNode): [string, OperationNode][] {
  return AliasNode.is(node) ? [[nameOf(node.alias), node.node]] : []
}

function bareName(node: OperationNode): string | undefined {
  return ReferenceNode.is(node) && node.table === undefined ? columnIn(node) : undefined
}

function columnIn(node: OperationNode): string {
  if (ReferenceNode.is(node) && !SelectAllNode.is(node.column)) return node.column.column.name
  throw new Unknown(`a column without a name: ${textOf(node)}`)
}

function isStar(node: OperationNode): boolean {
  return SelectAllNode.is(node) || (ReferenceNode.is(node) && SelectAllNode.is(node.column))
}

function nameOf(node: OperationNode): string {
  if (!IdentifierNode.is(node)) throw new Unknown(`an alias that is a ${node.kind}`)
  return node.name
}

function textOf(node: OperationNode): string {
  return statement(sql`${new ExpressionWrapper(node)}`).text
}
