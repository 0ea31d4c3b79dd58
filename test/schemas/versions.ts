import type { ObjectSchema, RecordSchema } from '../../core/message-schema.ts'
import type { Subject } from '../../platform/message-subjects.ts'

/** The version before: the same message with one optional field fewer. */
export function olderVersion(subject: Subject): Subject {
  return { ...subject, schema: withoutField(subject.schema, 'state') }
}

/** The version after: the same message with one optional field more, `loyalty_tier`. */
export function newerVersion(subject: Subject): Subject {
  return { ...subject, schema: withField(subject.schema, 'loyalty_tier', { isRequired: false }) }
}

/** A version that no earlier message can satisfy: it demands the field `loyalty_tier`. */
export function demandingVersion(subject: Subject): Subject {
  return { ...subject, schema: withField(subject.schema, 'loyalty_tier', { isRequired: true }) }
}

/** A version that no earlier message can satisfy: it lacks the required field `payee`. */
export function forgetfulVersion(subject: Subject): Subject {
  return { ...subject, schema: withoutField(subject.schema, 'payee') }
}

function withoutField(schema: object, name: string): object {
  if (isRecord(schema)) {
    return { ...schema, fields: schema.fields.filter((field) => field.name !== name) }
  }
  const { [name]: _, ...properties } = (schema as ObjectSchema).properties
  const required = (schema as ObjectSchema).required.filter((each) => each !== name)
  return { ...schema, properties, required }
}

function withField(schema: object, name: string, { isRequired }: { isRequired: boolean }): object {
  if (isRecord(schema)) {
    const optional = { name, type: ['null', 'string'], default: null }
    const field = isRequired ? { name, type: 'string' } : optional
    return { ...schema, fields: [...schema.fields, field] }
  }
  const { properties, required } = schema as ObjectSchema
  const type = isRequired ? 'string' : ['string', 'null']
  return {
    ...schema,
    properties: { ...properties, [name]: { type } },
    required: isRequired ? [...required, name] : required,
  }
}

function isRecord(schema: object): schema is RecordSchema {
  return 'fields' in schema
}
