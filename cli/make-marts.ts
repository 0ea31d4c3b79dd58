import { makeGraph } from '../models/engine/graph.ts'
import { MODELS } from '../models/index.ts'
import { makeRelations } from '../models/warehouse/make-relations.ts'
import type { Config } from '../platform/config.ts'
import { createDatabase, createPool } from '../platform/postgres.ts'

/** Makes the views and tables of the models, as their role; returns the names of those that differed. */
export async function makeMarts(config: Config, connectionString: string): Promise<string[]> {
  const settings = { role: 'upi_transform' }
  const pool = createPool(config, connectionString, { max: 1, name: 'migrate', settings })
  try {
    return await makeRelations(createDatabase(pool), makeGraph(MODELS))
  } finally {
    await pool.end()
  }
}
