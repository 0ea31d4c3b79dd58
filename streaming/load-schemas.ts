import type { KafkaRecord, WireSchema } from './processor.ts'
import { schemaIdOf } from './processors/decode-message.ts'

/** Schemas by their ids. */
export type Schemas = ReadonlyMap<number, WireSchema>

const SCHEMAS_AT_ONCE = 16

/** The schemas that records ask for. */
export function schemaIdsOf(records: readonly KafkaRecord[]): ReadonlySet<number> {
  return new Set(records.map(({ value }) => schemaIdOf(value)).filter((id) => id !== undefined))
}

/** Loads schemas some at a time, until `signal`; throws what loading one throws. */
export async function loadSchemas(
  ids: ReadonlySet<number>,
  load: (id: number) => Promise<WireSchema>,
  signal: AbortSignal,
): Promise<Schemas> {
  const waiting = [...ids]
  const schemas = new Map<number, WireSchema>()
  const loadOne = async (id: number) => schemas.set(id, await load(id))
  while (waiting.length > 0 && !signal.aborted) {
    await Promise.all(waiting.splice(0, SCHEMAS_AT_ONCE).map(loadOne))
  }
  return schemas
}
