import type { Worker } from '@temporalio/worker'
import type { Admin } from 'kafkajs'
import type { Pool } from 'pg'
import { createActivities, type StreamDeps } from '../activities/index.ts'
import { ACTIVITIES_RUNNING_MAX, HEAVY_ACTIVITIES_RUNNING_MAX } from '../core/limits.ts'
import manifest from '../package.json' with { type: 'json' }
import { createBackups } from '../platform/backup/backups.ts'
import type { Config, Needed } from '../platform/config.ts'
import { serveHealth } from '../platform/health-server.ts'
import { createKafka } from '../platform/kafka.ts'
import { requireSchema } from '../platform/migrate.ts'
import { addressOf, createDatabase, createPool, postgresFault } from '../platform/postgres.ts'
import { findEpoch } from '../platform/queries/stream-epochs.ts'
import { findOffsets } from '../platform/queries/stream-offsets.ts'
import { createRegistry } from '../platform/registry.ts'
import { watchReports } from '../platform/report-watch.ts'
import { createSchemaReader } from '../platform/schema-reader.ts'
import { Shutdown } from '../platform/shutdown.ts'
import { createLogger, listenForDebug } from '../platform/telemetry.ts'
import { connectWorker } from '../platform/temporal.ts'
import {
  createWorkers,
  installRuntime,
  runWorkers,
  stopWorkers,
  workerReadiness,
} from '../platform/temporal-worker.ts'
import { readLogBounds } from '../platform/topic-log.ts'
import { openTracing } from '../platform/tracing.ts'
import { freeLoopbackAddress, WorkerMetrics } from '../platform/worker-metrics.ts'
import { workflowBundle } from '../platform/workflow-bundle.ts'
import { rulesOf, rulesVersionOf } from '../streaming/rules.ts'
import { SINK_SESSION } from '../streaming/sink.ts'
import { openFacts } from './worker-facts.ts'

// One for each build, one for short statements beside them.
const CONNECTIONS_MAX = ACTIVITIES_RUNNING_MAX + HEAVY_ACTIVITIES_RUNNING_MAX + 1
// What works on clean itself: a rebuild reads by one connection while it writes by another, and is stopped by a third.
const INGEST_CONNECTIONS_MAX = 2 * (ACTIVITIES_RUNNING_MAX + HEAVY_ACTIVITIES_RUNNING_MAX) + 1

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
  listenForDebug(log)
  try {
    const pool = createPool(config, config.transformDatabaseUrl, {
      max: CONNECTIONS_MAX,
      name: 'worker',
    })
    shutdown.add('postgres', () => pool.end())
    await checkSchema(pool, addressOf(config.transformDatabaseUrl))
    shutdown.add('watch over reports', watchReports(pool, log))
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
    const tracing = await openTracing(config, { process: 'worker', version: manifest.version })
    shutdown.add('traces', () => tracing?.close())
    const activities = createActivities({
      observer: { log, tracing },
      db: createDatabase(pool),
      readLog: () => readSpans(admin, config.topic),
      readOffsets: () => readOffsets(pool, config),
      ingest,
      rules,
      rulesVersion: rulesVersionOf(config),
      topic: config.topic,
      loadSchema: (id) => schemas.load(id),
      backups: createBackups(config),
      retentionDays: config.retentionDays,
    })

    const life: { workers: readonly Worker[] } = { workers: [] }
    const sdkMetrics = config.metricsPort === undefined ? undefined : await freeLoopbackAddress()
    const metrics = new WorkerMetrics(sdkMetrics)
    if (config.metricsPort !== undefined) {
      const health = await serveHealth({
        host: config.metricsHost,
        port: config.metricsPort,
        metrics,
        readiness: () => workerReadiness(config, life.workers),
        log,
      })
      shutdown.add('health server', () => health.close())
    }

    const bundlePath = await workflowBundle(config)
    await installRuntime(log, sdkMetrics)
    const connection = await connectWorker(config, log)
    shutdown.add('temporal', () => connection.close())
    if (config.metricsPort !== undefined) {
      const facts = openFacts(config, { connection, pools: { transform: pool, ingest } })
      shutdown.add('postgres for facts', () => facts.close())
      metrics.add(facts.registry)
    }
    const workers = await createWorkers(config, { connection, bundlePath, activities })
    life.workers = workers

    const running = runWorkers(workers)
    log.info({ taskQueues: workers.map(({ options }) => options.taskQueue) }, 'worker started')
    await Promise.race([shutdown.requested(), running])
    stopWorkers(workers)
    await running
    log.info('worker stopped')
  } finally {
    await shutdown.close()
  }
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
