import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Graph, makeGraph } from '../models/engine/graph.ts'
import { catalogOf } from '../models/formats/dbt-catalog.ts'
import { manifestOf, sourcesOf } from '../models/formats/dbt-manifest.ts'
import { runResultsOf } from '../models/formats/dbt-run-results.ts'
import { MODELS } from '../models/index.ts'
import type { Db } from '../models/warehouse/connection.ts'
import { readCatalog, readLastRuns, readPlace } from '../models/warehouse/read-artifacts.ts'
import { type Config, loadConfig } from '../platform/config.ts'
import { withModelDatabase } from './by-hand.ts'
import { print, printJson } from './output.ts'
import { newUuid } from './uuid.ts'

/** `./upi models artifacts` */
export async function printArtifacts(options: { readonly out: string; readonly json?: boolean }) {
  const paths = await writeArtifacts(loadConfig(), resolve(options.out))
  if (options.json === true) printJson(paths)
  else for (const path of paths) print(path)
}

/** Writes the artifacts of the models and their database to a folder, and returns their paths. */
export async function writeArtifacts(config: Config, folder: string): Promise<string[]> {
  const graph = makeGraph(MODELS)
  const files = await withModelDatabase(config, (db) => artifactsOf(db, graph))
  await mkdir(folder, { recursive: true })
  return await Promise.all(
    Object.entries(files).map(async ([name, content]) => {
      const path = join(folder, name)
      await writeFile(path, `${JSON.stringify(content)}\n`)
      return path
    }),
  )
}

async function artifactsOf(db: Db, graph: Graph): Promise<Record<string, object>> {
  const { database, schema } = await readPlace(db)
  const place = { database, schema }
  const made = { at: new Date().toISOString(), by: newUuid() }
  const names = [...graph.models, ...sourcesOf(graph)].map(({ name }) => name)
  return {
    'manifest.json': manifestOf(graph, place, made),
    'catalog.json': catalogOf(graph, await readCatalog(db, names), place, made),
    'run_results.json': runResultsOf(graph, await readLastRuns(db), place, made),
  }
}
