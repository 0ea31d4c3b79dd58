import { POSTGRES } from './query.ts'
import type { Choice } from './schema.ts'

/** A choice at the top of a dashboard; a statement uses it as $name. */
export interface Variable {
  readonly name: string
  readonly json: Choice
}

/** One of a few words; a statement writes '$name'. */
export function oneOf(given: {
  readonly name: string
  readonly label: string
  readonly about: string
  readonly values: readonly [string, ...string[]]
}): Variable {
  const { name, label, about, values } = given
  const options = values.map((value, index) => ({ text: value, value, selected: index === 0 }))
  const json: Choice = {
    type: 'custom',
    name,
    label,
    description: about,
    query: values.join(','),
    options,
    current: { text: values[0], value: values[0], selected: true },
    includeAll: false,
    multi: false,
    hide: 0,
    skipUrlSync: false,
  }
  return { name, json }
}

/** One of what a statement finds; a statement writes '$name'. */
export function oneFound(given: Found): Variable {
  return found(given, { includeAll: false, multi: false, current: {} })
}

/**
 * Any number of what a statement finds; a statement writes `column in ($name)`. All of them is `column in (column)`,
 * which is true without a list, and before there is anything to choose from.
 */
export function anyFound(given: Found & { readonly column: string }): Variable {
  const all = { text: ['All'], value: ['$__all'], selected: true }
  const choice = { includeAll: true, allValue: given.column, multi: true, current: all }
  return found(given, choice)
}

interface Found {
  readonly name: string
  readonly label: string
  readonly about: string
  /** One column of text. */
  readonly sql: string
}

function found({ name, label, about, sql }: Found, choice: Choice): Variable {
  const json: Choice = {
    type: 'query',
    name,
    label,
    description: about,
    datasource: POSTGRES,
    query: sql.trim(),
    // When the range changes: what there is to choose from depends on it.
    refresh: 2,
    regex: '',
    sort: 0,
    options: [],
    hide: 0,
    skipUrlSync: false,
    ...choice,
  }
  return { name, json }
}
