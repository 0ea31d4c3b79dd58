import { MESSAGE_FIELDS, type MessageField, REQUIRED_FIELDS } from './message.ts'

const FIELDS = Object.entries(MESSAGE_FIELDS) as [
  MessageField,
  (typeof MESSAGE_FIELDS)[MessageField],
][]

const ABOUT = 'One status of one UPI transaction.'

/** A JSON Schema of one flat object. */
export interface ObjectSchema {
  readonly $schema: string
  readonly title: string
  readonly description: string
  readonly type: 'object'
  readonly additionalProperties: boolean
  readonly required: readonly string[]
  readonly properties: Readonly<Record<string, PropertySchema>>
}

export interface PropertySchema {
  readonly type: string | readonly string[]
  readonly description?: string
}

/**
 * What our producers write, for the registry and OpenAPI: no other field, so that an optional field may be added under
 * BACKWARD_TRANSITIVE (to an open model none may). The draft is named because a registry guesses wrong without it.
 */
export const CLOSED_SCHEMA = jsonSchema({ isClosed: true })

/**
 * What our readers take, for ajv (`allowUnionTypes`): any further field, and types only, because the grammar of the
 * values is the work of the rules.
 */
export const READER_SCHEMA = jsonSchema({ isClosed: false })

/** The same message in Avro: text throughout, absent optional fields null. */
export const AVRO_SCHEMA: RecordSchema = {
  type: 'record',
  name: 'UpiTransaction',
  namespace: 'upi',
  doc: ABOUT,
  fields: FIELDS.map(([name, { required, about }]) =>
    required
      ? { name, type: 'string', doc: about }
      : { name, type: ['null', 'string'], default: null, doc: about },
  ),
}

/** An Avro record of text fields. */
export interface RecordSchema {
  readonly type: 'record'
  readonly name: string
  readonly namespace: string
  readonly doc: string
  readonly fields: readonly RecordField[]
}

export interface RecordField {
  readonly name: string
  readonly type: string | readonly string[]
  readonly default?: null
  readonly doc?: string
}

function jsonSchema({ isClosed }: { isClosed: boolean }): ObjectSchema {
  const properties = FIELDS.map(([name, { required, type, about }]) => {
    const types = type === 'decimal' ? ['string', 'number'] : ['string']
    if (!required) types.push('null')
    const [first = 'string', ...others] = types
    return [name, { type: others.length === 0 ? first : types, description: about }] as const
  })
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'UpiTransaction',
    description: ABOUT,
    type: 'object',
    additionalProperties: !isClosed,
    required: REQUIRED_FIELDS,
    properties: Object.fromEntries(properties),
  }
}
