import { Client } from '@temporalio/client'
import type { NativeConnection } from '@temporalio/worker'
import type { Pool } from 'pg'
import type { Registry } from 'prom-client'
import { FACT_STATEMENT_MS_MAX } from '../core/limits.ts'
import type { Needed } from '../platform/config.ts'
import { backupFacts } from '../platform/facts/backup-facts.ts'
import { bookFacts } from '../platform/facts/book-facts.ts'
import { dayFacts } from '../platform/facts/day-facts.ts'
import { diskFacts } from '../platform/facts/disk-facts.ts'
import { askOver } from '../platform/facts/fact-reader.ts'
import { Facts } from '../platform/facts/facts.ts'
import { letterFacts } from '../platform/facts/letter-facts.ts'
import { modelFacts } from '../platform/facts/model-facts.ts'
import { partFacts } from '../platform/facts/part-facts.ts'
import { poolFacts } from '../platform/facts/pool-facts.ts'
import { sessionFacts } from '../platform/facts/session-facts.ts'
import { sizeFacts } from '../platform/facts/size-facts.ts'
import { scheduleFacts, workflowFacts } from '../platform/facts/temporal-facts.ts'
import { createPool } from '../platform/postgres.ts'
import { SCHEDULES } from '../workflows/schedules.ts'
import { BUILT_MODELS, UNDATED_MODELS } from './model-kinds.ts'

// Its own: facts are told also while the worker's other connections are all at work. Two, so that no source waits long.
const CONNECTIONS_MAX = 2

/** Opens what the worker tells of the platform: the list of its sources. */
export function openFacts(
  config: Needed<'transformDatabaseUrl'>,
  opened: { readonly connection: NativeConnection; readonly pools: Readonly<Record<string, Pool>> },
): { readonly registry: Registry; close(): Promise<void> } {
  const pool = createPool(config, config.transformDatabaseUrl, {
    max: CONNECTIONS_MAX,
    name: 'worker-facts',
    answerMsMax: FACT_STATEMENT_MS_MAX,
    settings: { statement_timeout: String(FACT_STATEMENT_MS_MAX), jit: 'off' },
  })
  const ask = askOver(pool)
  const { connection } = opened
  const client = new Client({ connection, namespace: config.temporalNamespace })
  const { backupDir, backupDatabaseUrl } = config
  const hasBackups = backupDir !== undefined && backupDatabaseUrl !== undefined
  const facts = new Facts([
    poolFacts({ ...opened.pools, facts: pool }),
    modelFacts(ask, BUILT_MODELS),
    dayFacts(ask),
    bookFacts(ask, UNDATED_MODELS),
    letterFacts(ask),
    sessionFacts(ask),
    sizeFacts(ask),
    diskFacts({ home: config.home, backups: backupDir, lake: config.lakeDir }),
    partFacts(config.home),
    ...(hasBackups ? [backupFacts(ask, backupDir)] : []),
    scheduleFacts(client, SCHEDULE_IDS),
    workflowFacts(client, { workflows: WORKFLOWS, taskQueue: config.temporalTaskQueue }),
  ])
  return { registry: facts.registry, close: () => pool.end() }
}

const SCHEDULE_IDS = SCHEDULES.map(({ id }) => id)
const WORKFLOWS = [
  'tick',
  'dailyUpiAggregation',
  'refreshDirty',
  'backfillRange',
  'replayRejected',
  'rebuildClean',
  'reconcile',
  'backup',
]
