import { isModel, type Model, type Relation } from '../engine/define-model.ts'
import { layOut } from '../engine/lay-out.ts'
import type { Statement } from '../engine/statement.ts'

/** The project's name in all formats; job and node names begin with it. */
export const PROJECT = 'upi'

/** Where the relations are. */
export interface Place {
  readonly database: string
  readonly schema: string
}

/** dbt's id of a model or a source. */
export function idOf(relation: Relation): string {
  return isModel(relation)
    ? `model.${PROJECT}.${relation.name}`
    : `source.${PROJECT}.${SOURCE}.${relation.name}`
}

/** The group under which dbt lists what the stream writes. */
export const SOURCE = 'stream'

/** A relation's full name, quoted. */
export function relationName({ database, schema }: Place, name: string): string {
  return [database, schema, name].map((part) => `"${part}"`).join('.')
}

/** The file of a model, under models/. */
export function fileOf({ name }: Model): string {
  return `${name.startsWith('stg_') ? 'staging' : 'marts'}/${name}.ts`
}

/** The query of a model over all there is, as people read it. */
export const queryOf = oncePer((model) => {
  const { sql, parameters } = model.compile()
  return inlined({ text: layOut(sql), parameters })
})

/** Remembers what never changes of a model: a run tells of it every day that it builds. */
export function oncePer<T>(make: (model: Model) => T): (model: Model) => T {
  const made = new WeakMap<Model, { readonly value: T }>()
  return (model) => {
    const known = made.get(model) ?? { value: make(model) }
    made.set(model, known)
    return known.value
  }
}

/** A statement as text alone: others can run it without values beside it. */
export function inlined({ text, parameters }: Statement): string {
  return text.replaceAll(/\$(\d+)/g, (_, nth) => literal(parameters[Number(nth) - 1]))
}

function literal(value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `${value}`
  return `'${String(value).replaceAll("'", "''")}'`
}
