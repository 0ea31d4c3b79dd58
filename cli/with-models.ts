import type { Kysely } from 'kysely'
import { EXIT_INTERRUPTED, UpiError } from '../core/errors.ts'
import { MODEL_DAYS_AT_ONCE } from '../core/limits.ts'
import type { Model } from '../models/engine/define-model.ts'
import { type Graph, makeGraph } from '../models/engine/graph.ts'
import type { Wanted } from '../models/engine/plan.ts'
import { selectModels } from '../models/engine/select.ts'
import type { DayRange } from '../models/engine/standing.ts'
import { MODELS } from '../models/index.ts'
import { type Config, loadConfig } from '../platform/config.ts'
import type { Database } from '../platform/database.ts'
import { withModelDatabase } from './by-hand.ts'
import { note } from './output.ts'

/** What the commands of the models have in common. */
export interface ModelOptions {
  readonly select?: readonly string[]
  readonly from?: string
  readonly to?: string
  readonly fullRefresh?: boolean
  readonly json?: boolean
}

/** What a command of the models works with. */
export interface Opened {
  readonly config: Config
  readonly db: Kysely<Database>
  readonly graph: Graph
  readonly models: readonly Model[]
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

// The lock of a run, a lock with its transaction for each day, and one to spare.
const CONNECTIONS = 2 + MODEL_DAYS_AT_ONCE

/** The graph, and those of its models that are asked for. */
export function chosenModels({ select = [] }: ModelOptions) {
  const graph = makeGraph(MODELS)
  return { graph, models: selectModels(graph, select) }
}

/** The days that are asked for, if any; an end that is not given is open. */
export function rangeOf({ from, to }: ModelOptions): DayRange | undefined {
  if (from === undefined && to === undefined) return undefined
  if (from !== undefined && to !== undefined && to < from) {
    throw new UpiError('OPTION_INVALID', `--to ${to} lies before --from ${from}`)
  }
  return { from: from ?? FIRST_DAY, to: to ?? LAST_DAY }
}

const FIRST_DAY = '0001-01-01'
const LAST_DAY = '9999-12-31'

/** What a run or a plan is asked for. */
export function wantedOf(models: readonly Model[], options: ModelOptions): Wanted {
  const days = rangeOf(options)
  return { models, ...(days && { days }), isFull: options.fullRefresh === true }
}

/** Does something with the models and their database. Ctrl-C cancels the statement that runs and ends with 130. */
export async function withModels(
  options: ModelOptions,
  work: (opened: Opened) => Promise<void>,
): Promise<void> {
  const chosen = chosenModels(options)
  const config = loadConfig()
  const abort = new AbortController()
  const stop = () => {
    if (abort.signal.aborted) process.exit(EXIT_INTERRUPTED)
    abort.abort()
  }
  for (const name of SIGNALS) process.on(name, stop)
  try {
    const { signal } = abort
    await withModelDatabase(config, (db) => work({ config, db, signal, ...chosen }), CONNECTIONS)
  } catch (fault) {
    if (!abort.signal.aborted) throw fault
    note('interrupted; what was built is built, nothing is half done')
    process.exitCode = EXIT_INTERRUPTED
  } finally {
    for (const name of SIGNALS) process.off(name, stop)
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
