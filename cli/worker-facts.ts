import { Client } from '@temporalio/client'
import type { NativeConnection } from '@temporalio/worker'
import type { Pool } from 'pg'
import type { Registry } from 'prom-client'
import { FACT_STATEMENT_MS_MAX } from '../core/limits.ts'
import type { Needed } from '../platform/config.ts'
import { askOver } from '../platform/facts/fact-reader.ts'
import { Facts } from '../platform/facts/facts.ts'
import { partFacts } from '../platform/facts/part-facts.ts'
import { poolFacts } from '../platform/facts/pool-facts.ts'
import { scheduleFacts, workflowFacts } from '../platform/facts/temporal-facts.ts'
import { createPool } from '../platform/postgres.ts'
import * as workflows from '../workflows/index.ts'
import { SCHEDULES } from '../workflows/schedules.ts'
import { platformFacts } from './platform-facts.ts'

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
  const facts = new Facts([
    poolFacts({ ...opened.pools, facts: pool }),
    ...platformFacts(config, ask),
    partFacts(config.home),
    scheduleFacts(client, SCHEDULE_IDS),
    workflowFacts(client, { workflows: WORKFLOWS, taskQueue: config.temporalTaskQueue }),
  ])
  return { registry: facts.registry, close: () => pool.end() }
}

const SCHEDULE_IDS = SCHEDULES.map(({ id }) => id)
const WORKFLOWS = Object.keys(workflows)
