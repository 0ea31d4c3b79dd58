import type { Worker } from '@temporalio/worker'
import type { Pool } from 'pg'
import { createActivities } from '../activities/index.ts'
import { ACTIVITIES_RUNNING_MAX } from '../core/limits.ts'
import type { Needed } from '../platform/config.ts'
import { serveHealth } from '../platform/health-server.ts'
import { requireSchema } from '../platform/migrate.ts'
import { addressOf, createDatabase, createPool, postgresFault } from '../platform/postgres.ts'
import { Shutdown } from '../platform/shutdown.ts'
import { createLogger } from '../platform/telemetry.ts'
import { connectWorker } from '../platform/temporal.ts'
import { createWorker, installRuntime, workerReadiness } from '../platform/temporal-worker.ts'
import { workflowBundle } from '../platform/workflow-bundle.ts'

// One for each build, one for short statements beside them.
const CONNECTIONS_MAX = ACTIVITIES_RUNNING_MAX + 1

/** The life of the Temporal worker: pool, connection, worker, health; closed in reverse order on SIGTERM. */
export async function runWorker(
  config: Needed<'transformDatabaseUrl' | 'temporalAddress'>,
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
    const activities = createActivities({ db: createDatabase(pool) })

    const life: { worker?: Worker } = {}
    if (config.metricsPort !== undefined) {
      const health = await serveHealth({
        host: config.metricsHost,
        port: config.metricsPort,
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

async function checkSchema(pool: Pool, address: string): Promise<void> {
  try {
    const client = await pool.connect()
    await requireSchema(client).finally(() => client.release())
  } catch (fault) {
    throw postgresFault(fault, address)
  }
}
