import type { Relation } from '../engine/define-model.ts'
import type { Graph } from '../engine/graph.ts'
import { type Made, metadataOf, sourcesOf } from './dbt-manifest.ts'
import { idOf, type Place } from './places.ts'

/** A relation as the database has it. */
export interface Found {
  readonly name: string
  readonly type: 'BASE TABLE' | 'VIEW'
  readonly owner: string
  readonly comment: string | null
  readonly columns: readonly {
    readonly name: string
    readonly type: string
    readonly comment: string | null
  }[]
  /** As the statistics have it; null for a view, and before the first look. */
  readonly rows: number | null
  readonly bytes: number | null
}

/** What the database holds of models and sources, as dbt's catalog v1; what is not there is left out. */
export function catalogOf(graph: Graph, found: readonly Found[], place: Place, made: Made) {
  const byName = new Map(found.map((relation) => [relation.name, relation]))
  const entries = (relations: readonly Relation[]) =>
    Object.fromEntries(
      relations.flatMap((relation) => {
        const table = byName.get(relation.name)
        return table === undefined
          ? []
          : [[idOf(relation), catalogTable(idOf(relation), table, place)]]
      }),
    )
  return {
    metadata: metadataOf('catalog/v1', made),
    nodes: entries(graph.models),
    sources: entries(sourcesOf(graph)),
    errors: null,
  }
}

function catalogTable(id: string, { name, type, owner, comment, ...found }: Found, place: Place) {
  const columns = found.columns.map((column, i) => [column.name, { ...column, index: i + 1 }])
  const stats = [
    statOf('row_count', 'Rows', found.rows, 'Rows by the statistics of the database.'),
    statOf('bytes', 'Size', found.bytes, 'Bytes with indexes.'),
  ].filter(({ value }) => value !== null)
  const hasStats = {
    id: 'has_stats',
    label: 'Has Stats?',
    value: stats.length > 0,
    include: false,
    description: 'Whether there are statistics of this table.',
  }
  return {
    unique_id: id,
    metadata: { type, ...place, name, comment, owner },
    columns: Object.fromEntries(columns),
    stats: Object.fromEntries([hasStats, ...stats].map((stat) => [stat.id, stat])),
  }
}

function statOf(id: string, label: string, value: number | null, description: string) {
  return { id, label, value, include: true, description }
}
