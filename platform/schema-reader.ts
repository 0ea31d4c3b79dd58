import { setTimeout } from 'node:timers/promises'
import { UpiError } from '../core/errors.ts'
import {
  SCHEMA_IDS_CACHED_MAX,
  SCHEMAS_ASKED_PER_SECOND_MAX,
  UNKNOWN_SCHEMA_AGE_MS_MAX,
} from '../core/limits.ts'
import { type Registry, registryAway } from './registry.ts'

/** What a reader needs to know of the schema behind an id. */
export type WireSchema =
  | { readonly type: 'JSON' }
  | { readonly type: 'AVRO'; readonly fromBuffer: (body: Buffer) => unknown }
  | { readonly type: 'UNKNOWN' }

/** Reads schemas by id, and keeps them. */
export interface SchemaReader {
  /**
   * Makes sure that `schemaOf` knows an id. An id that the registry does not have is UNKNOWN, and asked for again only
   * after a while. Who asks for many waits his turn. Throws REGISTRY_UNAVAILABLE while the registry is away: wait, and
   * reject nothing.
   */
  load(id: number): Promise<WireSchema>
  /** The schema of an id that has been loaded; never waits. */
  schemaOf(id: number): WireSchema
}

/** Makes a reader with its own cache; `now` is in milliseconds. */
export function createSchemaReader(registry: Registry, now: () => number = Date.now): SchemaReader {
  const known = new Map<number, { schema: WireSchema; until: number }>()
  const loading = new Map<number, Promise<WireSchema>>()
  let nextTurn = 0

  async function takeTurn(): Promise<void> {
    const turn = Math.max(nextTurn, now())
    nextTurn = turn + 1_000 / SCHEMAS_ASKED_PER_SECOND_MAX
    if (turn > now()) await setTimeout(turn - now())
  }

  async function fetchAndKeep(id: number): Promise<WireSchema> {
    await takeTurn()
    const schema = await fetchSchema(registry, id)
    // A schema never changes under its id; one that is missing may be registered later.
    const until = schema.type === 'UNKNOWN' ? now() + UNKNOWN_SCHEMA_AGE_MS_MAX : Infinity
    known.delete(id)
    known.set(id, { schema, until })
    if (known.size > SCHEMA_IDS_CACHED_MAX) known.delete(known.keys().next().value as number)
    return schema
  }

  return {
    async load(id) {
      const kept = known.get(id)
      if (kept !== undefined && now() < kept.until) return kept.schema
      // Partitions that meet an id at the same moment ask once.
      const pending = loading.get(id) ?? fetchAndKeep(id).finally(() => loading.delete(id))
      loading.set(id, pending)
      return pending
    },
    schemaOf(id) {
      const kept = known.get(id)
      if (kept === undefined) throw new UpiError('BUG', `schema id ${id} was not loaded`)
      return kept.schema
    },
  }
}

async function fetchSchema(registry: Registry, id: number): Promise<WireSchema> {
  const { status, body } = await registry.ask({ path: `/schemas/ids/${id}` })
  if (status !== 200) return { type: 'UNKNOWN' }
  const { schemaType = 'AVRO' } = body as { schemaType?: string }
  // A JSON body is read by our own open schema; the writer's need not even compile.
  if (schemaType === 'JSON') return { type: 'JSON' }
  return { type: 'AVRO', fromBuffer: await fetchCodec(registry, id, schemaType) }
}

async function fetchCodec(registry: Registry, id: number, schemaType: string) {
  if (schemaType !== 'AVRO') return refuseBody
  try {
    const codec = await registry.client.getSchema(id)
    return (body: Buffer): unknown => codec.fromBuffer(body)
  } catch (cause) {
    // An answer of the registry has a status; what has none is a schema that does not compile: nothing can be read by it.
    const { status, message } = cause as { status?: number; message: string }
    if (status !== undefined) throw registryAway(registry.url, message, cause)
    return refuseBody
  }
}

function refuseBody(): never {
  throw new Error('no body can be read by this schema')
}
