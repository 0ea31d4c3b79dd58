import type { Model } from '../engine/define-model.ts'
import { fileOf, idOf, type Place, PROJECT } from './places.ts'
import { type Promised, promisesOf } from './promises.ts'

/** A test as dbt's manifest and run results name it. */
export interface DbtTest {
  readonly id: string
  readonly promise: Promised
}

/** The tests of a model. */
export function testsOf(model: Model): DbtTest[] {
  return promisesOf(model).map((promise) => ({
    id: `test.${PROJECT}.${nameOf(model, promise)}`,
    promise,
  }))
}

/** A test as a node of the manifest. */
export function testNode(model: Model, { id, promise }: DbtTest, place: Place) {
  const name = nameOf(model, promise)
  const read = [model, ...promise.reads]
  return {
    ...place,
    schema: `${place.schema}_dbt_test__audit`,
    name,
    alias: name,
    resource_type: 'test',
    package_name: PROJECT,
    path: `${name}.sql`,
    original_file_path: `models/${fileOf(model)}`,
    unique_id: id,
    fqn: [PROJECT, ...fileOf(model).replace('.ts', '').split('/').slice(0, -1), name],
    checksum: { name: 'none', checksum: '' },
    config: { enabled: true, materialized: 'test', severity: 'ERROR' },
    description: `${model.name}: ${promise.check}`,
    language: 'sql',
    raw_code: promise.sql,
    compiled: true,
    compiled_code: promise.sql,
    depends_on: { macros: [], nodes: [...new Set(read.map(idOf))] },
    ...genericPart(model, promise),
  }
}

// Sums that agree are a query of their own; the rest has a name that dbt's users know.
function genericPart(model: Model, { type, column, values, expression }: Promised) {
  if (type === 'totals') return {}
  const argumentsOf = {
    not_null: { column_name: column },
    unique: { column_name: column },
    accepted_values: { column_name: column, values },
    unique_combination_of_columns: { combination_of_columns: model.grain },
    expression_is_true: { expression },
  }
  const isOfUtils = type === 'unique_combination_of_columns' || type === 'expression_is_true'
  return {
    attached_node: idOf(model),
    ...(column === undefined ? {} : { column_name: column }),
    test_metadata: {
      name: type,
      kwargs: { ...argumentsOf[type], model: `{{ get_where_subquery(ref('${model.name}')) }}` },
      namespace: isOfUtils ? 'dbt_utils' : null,
    },
  }
}

function nameOf(model: Model, { type, column, check }: Promised): string {
  if (type === 'totals' || type === 'expression_is_true') return `${model.name}_${slug(check)}`
  return [type, model.name, column].filter((part) => part !== undefined).join('_')
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')
}
