import type { Worker } from '@temporalio/worker'
import type { Admin } from 'kafkajs'
import type { Pool } from 'pg'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { createActivities, type StreamDeps } from '../activities/index.ts'
import { ACTIVITIES_RUNNING_MAX } from '../core/limits.ts'
import type { Config, Needed } from '../platform/config.ts'
import { serveHealth } from '../platform/health-server.ts'
import { createKafka } from '../platform/kafka.ts'
import { requireSchema } from '../platform/migrate.ts'
import { addressOf, createDatabase, createPool, postgresFault } from '../platform/postgres.ts'
import { findEpoch } from '../platform/queries/stream-epochs.ts'
import { findOffsets } from '../platform/queries/stream-offsets.ts'
import { createRegistry } from '../platform/registry.ts'
import { createSchemaReader } from '../platform/schema-reader.ts'
import { Shutdown } from '../platform/shutdown.ts'
import { createLogger } from '../platform/telemetry.ts'
import { connectWorker } from '../platform/temporal.ts'
import { createWorker, installRuntime, workerReadiness } from '../platform/temporal-worker.ts'
import { readLogBounds } from '../platform/topic-log.ts'
import { workflowBundle } from '../platform/workflow-bundle.ts'
import { rulesOf, rulesVersionOf } from '../streaming/rules.ts'
import { SINK_SESSION } from '../streaming/sink.ts'

// One for each build, one for short statements beside them.
const CONNECTIONS_MAX = ACTIVITIES_RUNNING_MAX + 1
// What works on clean itself: a replay, a rebuild, a look at the books.
const INGEST_CONNECTIONS_MAX = 3

/** The life of the Temporal worker: pool, connection, worker, health; closed in reverse order on SIGTERM. */
export async function runWorker(
  config: Needed<
    | 'transformDatabaseUrl'
    | 'ingestDatabaseUrl'
    | 'temporalAddress'
    | 'kafkaBrokers'
    | 'schemaRegistryUrl'
    | 'piiKey'
  >,
  level: string,
): Promise<void> {
  const log = createLogger({ process: 'worker', level, pretty: process.stderr.isTTY === true })
  const shutdown = new Shutdown(log)
  try {
    const pool = createPool(config, config.transformDatabaseUrl, {
      max: CONNECTIONS_MAX,
      name: 'worker',
    })
    shutdown.add('postgres', () => pool.end())
    await checkSchema(pool, addressOf(config.transformDatabaseUrl))
    const ingest = createPool(config, config.ingestDatabaseUrl, {
      max: INGEST_CONNECTIONS_MAX,
      name: 'worker-ingest',
      isPipelined: true,
      settings: SINK_SESSION,
    })
    shutdown.add('postgres for clean', () => ingest.end())
    const schemas = createSchemaReader(createRegistry(config))
    const rules = rulesOf(config, schemas.schemaOf)
    const admin = createKafka(config, 'upi-worker', log).admin()
    shutdown.add('kafka', () => admin.disconnect())
    const activities = createActivities({
      db: createDatabase(pool),
      readLog: () => readSpans(admin, config.topic),
      readOffsets: () => readOffsets(pool, config),
      ingest,
      rules,
      rulesVersion: rulesVersionOf(config),
      loadSchema: (id) => schemas.load(id),
    })

    const life: { worker?: Worker } = {}
    if (config.metricsPort !== undefined) {
      const health = await serveHealth({
        host: config.metricsHost,
        port: config.metricsPort,
        metrics: processMetrics(),
        readiness: () => workerReadiness(config, life.worker),
      })
      shutdown.add('health server', () => health.close())
    }

    const bundlePath = await workflowBundle(config)
    await installRuntime(log)
    const connection = await connectWorker(config, log)
    shutdown.add('temporal', () => connection.close())
    const worker = await createWorker(config, { connection, bundlePath, activities })
    life.worker = worker

    const running = worker.run()
    log.info({ taskQueue: config.temporalTaskQueue }, 'worker started')
    await Promise.race([shutdown.requested(), running])
    if (shutdown.signal.aborted) worker.shutdown()
    await running
    log.info('worker stopped')
  } finally {
    await shutdown.close()
  }
}

/** What Prometheus sees of this process: memory, event loop, processor. */
function processMetrics(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

async function readSpans(admin: Admin, topic: string): ReturnType<StreamDeps['readLog']> {
  const log = await readLogBounds(admin, topic)
  return Object.fromEntries(
    [...log].map(([partition, { start, end }]) => [
      String(partition),
      { start: String(start), end: String(end) },
    ]),
  )
}

async function readOffsets(pool: Pool, { consumerGroup: group, topic }: Config) {
  const epoch = await findEpoch(pool, topic)
  const offsets = await findOffsets(pool, { group, topic, epoch })
  return new Map([...offsets].map(([partition, { next }]) => [String(partition), next]))
}

async function checkSchema(pool: Pool, address: string): Promise<void> {
  try {
    const client = await pool.connect()
    await requireSchema(client).finally(() => client.release())
  } catch (fault) {
    throw postgresFault(fault, address)
  }
}
