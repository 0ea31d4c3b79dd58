import type { ObjectSchema, RecordSchema } from './message-schema.ts'

/**
 * Says which fields of a message schema make a change incompatible, one phrase a field; none when it finds none. The
 * registry decides whether a change is compatible; this only puts its answer into words, since registries word it badly
 * or not at all.
 */
export function breakingChanges(before: unknown, after: unknown): string[] {
  const [old, now] = [readFields(before), readFields(after)]
  const gone = [...old].filter(([name, field]) => !now.has(name) && field.mustStay)
  const changes = gone.map(([name]) => `${name} is removed`)
  for (const [name, field] of now) {
    const was = old.get(name)
    if (was === undefined) {
      if (field.isRequired) changes.push(`${name} is new and required`)
    } else if (field.types !== was.types && !(field.mayWiden && includesAll(field, was))) {
      changes.push(`${name} was ${was.types} and is ${field.types}`)
    } else if (field.isRequired && !was.isRequired) {
      changes.push(`${name} becomes required`)
    }
  }
  return changes
}

interface Field {
  /** The types it takes, sorted: `null or string`. */
  readonly types: string
  readonly isRequired: boolean
  /** Whether it is a break when a later schema leaves it out. */
  readonly mustStay: boolean
  readonly mayWiden: boolean
}

function readFields(schema: unknown): Map<string, Field> {
  const { type } = schema as { type?: unknown }
  return type === 'record' ? readRecord(schema as RecordSchema) : readObject(schema as ObjectSchema)
}

// Avro, both ways: a field may come or go only if it has a default, and no reader may meet a new type.
function readRecord(schema: RecordSchema): Map<string, Field> {
  return new Map(
    schema.fields.map((field) => {
      const isRequired = field.default === undefined
      const types = typesOf(field.type)
      return [field.name, { types, isRequired, mustStay: isRequired, mayWiden: false }]
    }),
  )
}

// JSON, backward and closed: whatever was written before must still be allowed.
function readObject(schema: Partial<ObjectSchema>): Map<string, Field> {
  const required = new Set(schema.required)
  return new Map(
    Object.entries(schema.properties ?? {}).map(([name, { type }]) => {
      const isRequired = required.has(name)
      return [name, { types: typesOf(type), isRequired, mustStay: true, mayWiden: true }]
    }),
  )
}

function typesOf(type: unknown): string {
  const types: unknown[] = Array.isArray(type) ? type : [type]
  const words = types.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
  return words.sort().join(' or ')
}

function includesAll(field: Field, was: Field): boolean {
  const types = field.types.split(' or ')
  return was.types.split(' or ').every((type) => types.includes(type))
}
