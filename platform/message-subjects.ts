import { COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import { UpiError } from '../core/errors.ts'
import { AVRO_SCHEMA, CLOSED_SCHEMA } from '../core/message-schema.ts'
import { breakingChanges } from '../core/schema-change.ts'
import { type Registry, registryAway } from './registry.ts'

/** A subject of the registry and the schema that it should hold. */
export interface Subject {
  readonly name: string
  readonly type: SchemaType.JSON | SchemaType.AVRO
  /** What its versions owe to each other. */
  readonly level: COMPATIBILITY
  readonly schema: object
}

/** The subjects of a topic's value: JSON Schema and Avro, from the one source. */
export function messageSubjects(topic: string): { json: Subject; avro: Subject } {
  return {
    json: {
      name: `${topic}-value`,
      type: SchemaType.JSON,
      level: COMPATIBILITY.BACKWARD_TRANSITIVE,
      schema: CLOSED_SCHEMA,
    },
    avro: {
      name: `${topic}-value-avro`,
      type: SchemaType.AVRO,
      level: COMPATIBILITY.FULL_TRANSITIVE,
      schema: AVRO_SCHEMA,
    },
  }
}

/** How a subject stands to the schema that it should hold. */
export interface SubjectState {
  readonly subject: string
  readonly type: string
  /** The level in force; null if the subject does not exist yet. */
  readonly level: string | null
  readonly versions: number
  readonly state: 'registered' | 'may be registered' | 'incompatible' | 'level differs'
  /** What stands in the way; null if nothing does. */
  readonly reason: string | null
}

/** Asks the registry whether a subject's schema is registered, or may follow all earlier versions. Changes nothing. */
export async function checkSubject(registry: Registry, subject: Subject): Promise<SubjectState> {
  const { name, type } = subject
  const listed = await registry.ask({ path: `/subjects/${encodeURIComponent(name)}/versions` })
  const versions = listed.status === 200 ? (listed.body as number[]) : []
  const level = listed.status === 200 ? await findLevel(registry, name) : null
  const known = { subject: name, type, level, versions: versions.length }
  if (level !== null && level !== subject.level) {
    const reason = `compatibility is ${level}, should be ${subject.level}`
    return { ...known, state: 'level differs', reason }
  }
  if ((await findId(registry, subject)) !== undefined) {
    return { ...known, state: 'registered', reason: null }
  }
  if (versions.length === 0 || (await isCompatible(registry, subject, 'versions'))) {
    return { ...known, state: 'may be registered', reason: null }
  }
  return { ...known, state: 'incompatible', reason: await explain(registry, subject, versions) }
}

/** Registers the schema of a subject, once however often it is called, and sets the subject's level. Gives the id. */
export async function registerSubject(registry: Registry, subject: Subject): Promise<number> {
  await setLevel(registry, subject)
  try {
    const { id } = await registry.client.register(confluentSchema(subject), {
      subject: subject.name,
      compatibility: subject.level,
    })
    return id
  } catch (cause) {
    const { status, message } = cause as { status?: number; message: string }
    if (status !== 409) throw registryAway(registry.url, message, cause)
    const { reason } = await checkSubject(registry, subject)
    throw incompatible(subject.name, reason ?? message, cause)
  }
}

/** The error that a schema cannot follow its earlier versions. */
export function incompatible(subject: string, reason: string, cause?: unknown): UpiError {
  return new UpiError('SCHEMA_INCOMPATIBLE', `${subject}: ${reason}`, {
    fix: 'keep every field and its types; a new field must be optional',
    cause,
  })
}

/** The id under which the schema of a subject is registered; undefined if it is not. */
export async function findId(registry: Registry, subject: Subject): Promise<number | undefined> {
  const { schemaType, schema } = wireSchema(subject)
  const { status, body } = await registry.ask({
    method: 'POST',
    path: `/subjects/${encodeURIComponent(subject.name)}`,
    body: { schemaType, schema },
  })
  return status === 200 ? (body as { id: number }).id : undefined
}

function confluentSchema({ type, schema }: Subject) {
  return { type, schema: JSON.stringify(schema) } as
    | { type: SchemaType.JSON; schema: string }
    | { type: SchemaType.AVRO; schema: string }
}

function wireSchema({ type, schema }: Subject): { schemaType: string; schema: string } {
  return { schemaType: type, schema: JSON.stringify(schema) }
}

async function findLevel(registry: Registry, name: string): Promise<string> {
  const path = `/config/${encodeURIComponent(name)}?defaultToGlobal=true`
  const { body } = await registry.ask({ path })
  return String((body as { compatibilityLevel?: string }).compatibilityLevel ?? 'unknown')
}

// The level is set before the first version, so that no two producers can slip past it; the registry allows that.
async function setLevel(registry: Registry, { name, level }: Subject): Promise<void> {
  const path = `/config/${encodeURIComponent(name)}`
  const { body } = await registry.ask({ path })
  if ((body as { compatibilityLevel?: string }).compatibilityLevel === level) return
  await registry.ask({ method: 'PUT', path, body: { compatibility: level } })
}

async function isCompatible(registry: Registry, subject: Subject, to: string): Promise<boolean> {
  const path = `/compatibility/subjects/${encodeURIComponent(subject.name)}/${to}`
  const { status, body } = await registry.ask({ method: 'POST', path, body: wireSchema(subject) })
  return status === 404 || (status === 200 && (body as { is_compatible: boolean }).is_compatible)
}

// The newest version with which it breaks says most; what cannot be named by field is named by version.
async function explain(registry: Registry, subject: Subject, versions: number[]): Promise<string> {
  for (const version of versions.toSorted((a, b) => b - a)) {
    if (await isCompatible(registry, subject, `versions/${version}`)) continue
    const path = `/subjects/${encodeURIComponent(subject.name)}/versions/${version}`
    const { status, body } = await registry.ask({ path })
    const before = status === 200 ? JSON.parse((body as { schema: string }).schema) : {}
    const changes = breakingChanges(before, subject.schema)
    if (changes.length > 0) return `breaks with version ${version}: ${changes.join(', ')}`
  }
  return `breaks with ${versions.length === 1 ? 'version 1' : 'earlier versions'}`
}
