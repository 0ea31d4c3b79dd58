import type { Column } from '../engine/column.ts'
import { isModel, type Kind, type Model, type Relation } from '../engine/define-model.ts'
import type { Graph } from '../engine/graph.ts'
import { testNode, testsOf } from './dbt-tests.ts'
import { fileOf, idOf, type Place, PROJECT, queryOf, relationName, SOURCE } from './places.ts'

/** What stands at the top of every file of dbt's. */
export interface Made {
  /** An instant as ISO 8601. */
  readonly at: string
  /** A UUID, the same in all files of one call. */
  readonly by: string
}

/** The top of a file of dbt's, of a kind and version such as `manifest/v12`. */
export function metadataOf(schema: string, { at, by }: Made) {
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${schema}.json`,
    dbt_version: DBT_VERSION,
    generated_at: at,
    invocation_id: by,
    env: {},
  }
}

// The release whose formats these are; some readers look at it.
const DBT_VERSION = '1.12.0'

/** The models as dbt's manifest v12: what OpenMetadata, DataHub, Cosmos and their like read. */
export function manifestOf(graph: Graph, place: Place, made: Made) {
  const nodes = graph.models.flatMap((model) => [
    modelNode(graph, model, place),
    ...testsOf(model).map((test) => testNode(model, test, place)),
  ])
  const sources = sourcesOf(graph).map((source) => sourceNode(source, place))
  const parents = new Map<string, readonly string[]>([
    ...nodes.map((node) => [node.unique_id, node.depends_on.nodes] as const),
    ...sources.map(({ unique_id }) => [unique_id, []] as const),
  ])
  return {
    metadata: {
      ...metadataOf('manifest/v12', made),
      project_name: PROJECT,
      adapter_type: 'postgres',
    },
    nodes: Object.fromEntries(nodes.map((node) => [node.unique_id, node])),
    sources: Object.fromEntries(sources.map((source) => [source.unique_id, source])),
    macros: {},
    docs: {},
    exposures: {},
    metrics: {},
    groups: {},
    selectors: {},
    disabled: {},
    parent_map: Object.fromEntries(parents),
    child_map: Object.fromEntries(
      [...parents.keys()].map((id) => [
        id,
        [...parents].filter(([, above]) => above.includes(id)).map(([below]) => below),
      ]),
    ),
    group_map: {},
    saved_queries: {},
    semantic_models: {},
    unit_tests: {},
  }
}

/** The tables that models read and do not make. */
export function sourcesOf({ models }: Graph): Relation[] {
  const sources = models.flatMap(({ reads }) => reads.filter((read) => !isModel(read)))
  return [...new Map(sources.map((source) => [source.name, source])).values()]
}

const MATERIALIZED = {
  view: 'view',
  'by day': 'incremental',
  'by key': 'incremental',
  table: 'table',
} as const satisfies Record<Kind, string>

function modelNode(graph: Graph, model: Model, place: Place) {
  const { name, about, tags, grain, kind, reads, dayColumn } = model
  const sql = queryOf(model)
  const file = fileOf(model)
  return {
    ...place,
    name,
    alias: name,
    resource_type: 'model',
    package_name: PROJECT,
    path: file,
    original_file_path: `models/${file}`,
    unique_id: idOf(model),
    fqn: [PROJECT, ...file.replace('.ts', '').split('/')],
    checksum: { name: 'sha256', checksum: graph.fingerprintOf(model) },
    config: {
      enabled: true,
      materialized: MATERIALIZED[kind],
      tags,
      // dbt itself wants this word of an incremental model with a contract; it is what the engine does.
      ...(kind === 'view' ? {} : { unique_key: grain, on_schema_change: 'append_new_columns' }),
      ...(dayColumn === undefined ? {} : { event_time: dayColumn }),
      contract: { enforced: true },
      meta: { kind },
    },
    tags,
    meta: { kind },
    description: about,
    columns: Object.fromEntries(
      Object.entries(model.columns).map(([column, contract]) => [
        column,
        columnInfo(column, contract),
      ]),
    ),
    contract: { enforced: true },
    constraints: kind === 'view' ? [] : [{ type: 'primary_key', columns: grain }],
    primary_key: grain,
    access: 'public',
    relation_name: relationName(place, name),
    language: 'sql',
    raw_code: sql,
    compiled: true,
    compiled_code: sql,
    refs: reads.filter(isModel).map((read) => ({ name: read.name })),
    sources: reads.filter((read) => !isModel(read)).map((read) => [SOURCE, read.name]),
    depends_on: { macros: [], nodes: reads.map(idOf) },
  }
}

function columnInfo(name: string, { type, nullable, about }: Column) {
  const constraints = nullable ? [] : [{ type: 'not_null' }]
  return { name, description: about, data_type: type, constraints, meta: {}, tags: [] }
}

function sourceNode(source: Relation, place: Place) {
  const { name } = source
  return {
    ...place,
    name,
    identifier: name,
    resource_type: 'source',
    package_name: PROJECT,
    path: 'sources.ts',
    original_file_path: 'models/sources.ts',
    unique_id: idOf(source),
    fqn: [PROJECT, SOURCE, name],
    source_name: SOURCE,
    source_description: 'Tables that the stream writes.',
    loader: PROJECT,
    relation_name: relationName(place, name),
    columns: {},
  }
}
