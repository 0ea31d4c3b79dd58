import { MESSAGE_FIELD_NAMES, type MessageField } from '../message.ts'
import { UNITS, type Unit } from './amounts.ts'
import { DELIMITERS, type Delimiter } from './csv.ts'

export const FORMATS = ['csv', 'ndjson'] as const
export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const

/** How the lines of a file become messages. Of a mapping file every part is optional: what it lacks is made out. */
export interface Mapping {
  readonly format?: (typeof FORMATS)[number]
  readonly delimiter?: Delimiter
  readonly encoding?: (typeof ENCODINGS)[number]
  /** Number of the line that holds the names of the columns; 0: there is none, they are called #1, #2, …. */
  readonly header?: number
  /** Zone of stamps that carry none. */
  readonly zone?: string
  /** What stands for an absent value, besides nothing at all. */
  readonly nulls?: readonly string[]
  /** null: the field is left out, whatever columns there are. */
  readonly fields?: Readonly<Partial<Record<MessageField, FieldRule | null>>>
}

/** Where a field comes from and how it is read; a column's name alone may stand for the rule. */
export interface FieldRule {
  /** The column, or several that are joined by a space, such as a date and its time. */
  readonly column?: string | readonly string[]
  /** The same text for every line. */
  readonly value?: string
  /** Of an amount. */
  readonly unit?: Unit
  /** Of a time stamp: iso, epoch-seconds, epoch-millis, epoch-micros, or such as DD-MM-YYYY HH:mm:ss. */
  readonly format?: string
  /** What stands in the column, ignoring case, and what is meant. */
  readonly words?: Readonly<Record<string, string>>
}

export const NULLS_DEFAULT: readonly string[] = ['NULL', 'null', '\\N']

/** Fields that hold an instant. */
export const STAMP_FIELDS: readonly MessageField[] = ['timestamp', 'completed_at']

/** Puts rules in the place of columns that stand for them. */
export function expandMapping(mapping: unknown): unknown {
  const { fields } = Object(mapping) as { fields?: unknown }
  if (typeof fields !== 'object' || fields === null) return mapping
  const rules = Object.entries(fields).map(([field, rule]) => [
    field,
    typeof rule === 'string' || Array.isArray(rule) ? { column: rule } : rule,
  ])
  return { ...(mapping as object), fields: Object.fromEntries(rules) }
}

/** The shape of a mapping file, for ajv, after `expandMapping`. */
export const MAPPING_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    format: { enum: FORMATS },
    delimiter: { enum: DELIMITERS },
    encoding: { enum: ENCODINGS },
    header: { type: 'integer', minimum: 0 },
    zone: { type: 'string' },
    nulls: { type: 'array', items: { type: 'string' } },
    fields: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(MESSAGE_FIELD_NAMES.map((name) => [name, ruleSchema(name)])),
    },
  },
} as const

function ruleSchema(field: MessageField): object {
  return {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: {
      column: { type: ['string', 'array'], items: { type: 'string' }, minItems: 1 },
      value: { type: 'string' },
      words: { type: 'object', additionalProperties: { type: 'string' } },
      ...(field === 'amount' ? { unit: { enum: UNITS } } : {}),
      ...(STAMP_FIELDS.includes(field) ? { format: { type: 'string' } } : {}),
    },
  }
}
