import type { Query } from './query.ts'
import type { Kinds } from './schema.ts'
import { UNITS, type Unit } from './unit.ts'

/** What a reader is told of every panel. */
export interface Words {
  readonly title: string
  /** One sentence: what is shown, of what, and what is left out. */
  readonly about: string
  readonly unit: Unit
  /** What stands there when there is nothing to show. */
  readonly empty: string
}

/** From which value on a colour holds; the first holds below all others. */
export type Steps = readonly [
  first: string,
  ...rest: readonly (readonly [from: number, color: string])[],
]

/** A way to another dashboard, or to another choice of this one. */
export interface Link {
  readonly title: string
  readonly url: string
}

/** How one column or series differs from the rest of its panel. */
export interface Field {
  readonly unit?: Unit
  readonly decimals?: number
  readonly color?: string
  readonly steps?: Steps
  /** Where a click may lead, relative to Grafana. */
  readonly links?: readonly Link[]
  /** What stands for a value, and in which colour. */
  readonly names?: Readonly<Record<string, { readonly text?: string; readonly color: string }>>
  /** Of a table's column, in pixels. */
  readonly width?: number
  /** Whether figures stand at the right of their column; numbers do in any case. */
  readonly isRight?: boolean
}

/** What all kinds of panels may be given. */
export interface Common extends Words {
  readonly queries: readonly [Query, ...Query[]]
  readonly decimals?: number
  readonly steps?: Steps
  readonly fields?: Readonly<Record<string, Field>>
  /** Of a shared answer, the series that are shown; all unless given. */
  readonly only?: readonly string[]
  /** Looks so far back, whatever the dashboard's range. */
  readonly range?: string
  /** The shortest interval between points. */
  readonly interval?: string
}

/** A panel before it has a number and a place. */
export interface Panel extends Words {
  readonly queries: readonly Query[]
  readonly only?: readonly string[]
  /** The rest of what Grafana's schema has of it. */
  readonly json: Readonly<Record<string, unknown>>
}

/** Makes a panel of a kind, or refuses one that would leave its reader alone. */
export function panel<Kind extends keyof Kinds>(
  type: Kind,
  given: Common,
  kind: Kinds[Kind],
): Panel {
  refuseSilence(given)
  const { title, about, unit, empty, queries, only, range, interval, fields = {} } = given
  const defaults = {
    unit: UNITS[unit],
    noValue: empty,
    ...(given.decimals === undefined ? {} : { decimals: given.decimals }),
    ...(given.steps === undefined ? {} : { thresholds: thresholdsOf(given.steps) }),
    ...kind.defaults,
    ...(kind.custom === undefined ? {} : { custom: kind.custom }),
  }
  const overrides = Object.entries(fields).map(([name, field]) => ({
    matcher: { id: 'byName', options: name },
    properties: propertiesOf(field),
  }))
  const json = {
    type,
    ...(range === undefined ? {} : { timeFrom: range }),
    ...(interval === undefined ? {} : { interval }),
    fieldConfig: { defaults, overrides },
    options: kind.options,
  }
  return { title, about, unit, empty, queries, json, ...(only === undefined ? {} : { only }) }
}

function refuseSilence({ title, about, unit, empty }: Words): void {
  const faults = [
    title.trim() === '' && 'no title',
    !/^[A-Z0-9].*[^.]\.$/s.test(about) &&
      'no sentence that begins with a capital and ends with a stop',
    /[.!?]\s+[A-Z]/.test(about) && 'more than one sentence',
    !(unit in UNITS) && `no unit ${unit}`,
    empty.trim() === '' && 'no text for no data',
  ].filter((fault) => fault !== false)
  if (faults.length > 0) throw new Error(`panel ${title}: ${faults.join(', ')}`)
}

function thresholdsOf([first, ...rest]: Steps): object {
  const steps = [{ color: first, value: null }, ...rest.map(([value, color]) => ({ color, value }))]
  return { mode: 'absolute', steps }
}

function propertiesOf(field: Field): { id: string; value: unknown }[] {
  const { unit, decimals, color, steps, links, names, width, isRight } = field
  const isColored = steps !== undefined || names !== undefined
  return [
    unit !== undefined && { id: 'unit', value: UNITS[unit] },
    decimals !== undefined && { id: 'decimals', value: decimals },
    color !== undefined && { id: 'color', value: { mode: 'fixed', fixedColor: color } },
    steps !== undefined && { id: 'thresholds', value: thresholdsOf(steps) },
    isColored && { id: 'custom.cellOptions', value: { type: 'color-text' } },
    names !== undefined && { id: 'mappings', value: mappingsOf(names) },
    links !== undefined && { id: 'links', value: links },
    width !== undefined && { id: 'custom.width', value: width },
    isRight === true && { id: 'custom.align', value: 'right' },
  ].filter((property) => property !== false)
}

function mappingsOf(names: NonNullable<Field['names']>): object[] {
  const options = Object.entries(names).map(([value, { text, color }], index) => [
    value,
    { color, index, ...(text === undefined ? {} : { text }) },
  ])
  return [{ type: 'value', options: Object.fromEntries(options) }]
}
