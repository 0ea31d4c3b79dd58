import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { type Graph, makeGraph } from '../models/engine/graph.ts'
import { catalogOf } from '../models/formats/dbt-catalog.ts'
import { manifestOf, sourcesOf } from '../models/formats/dbt-manifest.ts'
import { runResultsOf } from '../models/formats/dbt-run-results.ts'
import { LineageLog } from '../models/formats/lineage-log.ts'
import { MODELS } from '../models/index.ts'
import type { Db } from '../models/warehouse/connection.ts'
import { readCatalog, readLastRuns, readPlace } from '../models/warehouse/read-artifacts.ts'
import type { RunWatcher } from '../models/warehouse/run-models.ts'
import { type Config, loadConfig, need } from '../platform/config.ts'
import { openLineageOutlet } from '../platform/lineage-outlet.ts'
import { addressOf } from '../platform/postgres.ts'
import { withModelDatabase } from './by-hand.ts'
import { subCommand } from './command.ts'
import { note, print, printJson } from './output.ts'
import { uuidV7 } from './uuid.ts'

/** Adds `./upi models artifacts`. */
export function addArtifactsCommand(parent: Command): void {
  subCommand(
    parent,
    'artifacts',
    'Write what tools that read dbt read: manifest, catalog, results.',
  )
    .option('--out <folder>', 'where to', 'target')
    .option('--json', 'print the paths for machines')
    .addHelpText('after', HELP)
    .action(printArtifacts)
}

const HELP = `
manifest.json (v12) holds the models, their SQL and their checks; catalog.json (v1) what the database has of them;
run_results.json (v6) the last build of each model and day. With OPENLINEAGE_URL or OPENLINEAGE_FILE runs of the models
send events of lineage as they go.`

async function printArtifacts(options: { readonly out: string; readonly json?: boolean }) {
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
  const made = { at: new Date().toISOString(), by: newId() }
  const names = [...graph.models, ...sourcesOf(graph)].map(({ name }) => name)
  return {
    'manifest.json': manifestOf(graph, place, made),
    'catalog.json': catalogOf(graph, await readCatalog(db, names), place, made),
    'run_results.json': runResultsOf(graph, await readLastRuns(db), place, made),
  }
}

/** Follows a run and tells it as lineage, if the settings name a receiver. */
export interface LineageWatch {
  /** The same watcher, overheard. */
  overhear(watcher: RunWatcher): RunWatcher
  /** Ends what is open, and waits up to a limit for what is on its way. */
  close(): Promise<void>
}

/** Opens the lineage of a run: `overhear` the run's watcher, and `close` in the end whatever came of it. */
export async function openLineageWatcher(config: Config, db: Db): Promise<LineageWatch> {
  const outlet = openLineageOutlet(config, note)
  if (outlet === undefined) return { overhear: (watcher) => watcher, close: async () => {} }
  const { version, database, schema } = await readPlace(db)
  const { transformDatabaseUrl } = need(config, 'transformDatabaseUrl')
  const context = {
    namespace: config.openlineageNamespace,
    datasets: `postgres://${addressOf(transformDatabaseUrl).replace(/\/.*$/, '')}`,
    place: { database, schema },
    version,
    runId: newId(),
  }
  const log = new LineageLog(context, {
    newId,
    now: () => new Date(),
    send: (event) => outlet.send(event),
  })
  let isBroken = false
  // A model that cannot be told is built all the same.
  const quietly = (tell: () => void) => {
    if (isBroken) return
    try {
      tell()
    } catch (fault) {
      isBroken = true
      note(`lineage ends here: ${(fault as Error).message}`)
    }
  }
  return {
    overhear: (watcher) => ({
      ...watcher,
      onPlan: (steps) => {
        watcher.onPlan?.(steps)
        quietly(() => log.planned(steps))
      },
      onStart: (step, nth) => {
        watcher.onStart?.(step, nth)
        quietly(() => log.started(step))
      },
      onEnd: (step, outcome) => {
        watcher.onEnd?.(step, outcome)
        quietly(() => log.ended(step, outcome))
      },
    }),
    close: async () => {
      quietly(() => log.closed())
      await outlet.close()
    },
  }
}

function newId(): string {
  return uuidV7(Date.now(), randomBytes(10))
}
