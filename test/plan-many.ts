import { join } from 'node:path'
import { makeGraph } from '../models/engine/graph.ts'
import { planModels } from '../models/warehouse/run-models.ts'
import { loadConfig, need } from '../platform/config.ts'
import { createDatabase, createPool } from '../platform/postgres.ts'

// Plans the models of a folder beside the database that the settings name; prints what that took, in CPU milliseconds.
const [folder = ''] = process.argv.slice(2)
const spent = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
const started = spent()
const { MODELS } = await import(join(folder, 'models/index.ts'))
const loaded = spent()
const config = loadConfig()
const { transformDatabaseUrl } = need(config, 'transformDatabaseUrl')
const db = createDatabase(createPool(config, transformDatabaseUrl, { max: 2, name: 'bench' }))
const began = performance.now()
const beforePlan = spent()
const graph = makeGraph(MODELS)
const steps = await planModels({ db, graph }, { models: graph.models })
const figures = {
  models: MODELS.length,
  steps: steps.length,
  loadCpuMs: Math.round(loaded - started),
  planCpuMs: Math.round(spent() - beforePlan),
  planMs: Math.round(performance.now() - began),
}
await db.destroy()
console.log(JSON.stringify(figures))
