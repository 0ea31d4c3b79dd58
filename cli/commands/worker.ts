import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { Worker } from '@temporalio/worker'
import type { Command } from 'commander'
import type { Pool } from 'pg'
import { createActivities } from '../../activities/index.ts'
import { ACTIVITIES_RUNNING_MAX } from '../../core/limits.ts'
import { type Config, loadConfig, type Needed, need } from '../../platform/config.ts'
import { serveHealth } from '../../platform/health-server.ts'
import { requireSchema } from '../../platform/migrate.ts'
import { addressOf, createDatabase, createPool, postgresFault } from '../../platform/postgres.ts'
import { Shutdown } from '../../platform/shutdown.ts'
import { createLogger } from '../../platform/telemetry.ts'
import { connectWorker, ensureSearchAttributes } from '../../platform/temporal.ts'
import { createWorker, installRuntime, workerReadiness } from '../../platform/temporal-worker.ts'
import { workflowBundle } from '../../platform/workflow-bundle.ts'
import { newCommand } from '../command.ts'

// One for each build, one for short statements beside them.
const CONNECTIONS_MAX = ACTIVITIES_RUNNING_MAX + 1

/** `./upi worker` */
export function workerCommand(): Command {
  return newCommand(
    'worker',
    'Run the workflows and their activities, until SIGTERM; builds in hand are finished first.',
  ).action(async (options: { verbose?: boolean }) => {
    const config = need(loadConfig(), 'transformDatabaseUrl', 'temporalAddress')
    await runWorker(config, options.verbose === true ? 'debug' : config.logLevel)
  })
}

async function runWorker(
  config: Needed<'transformDatabaseUrl' | 'temporalAddress'>,
  level: string,
): Promise<void> {
  staySmall()
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

    const bundlePath = await workflowBundle(bundlePlace(config))
    await installRuntime(log)
    const connection = await connectWorker(config)
    shutdown.add('temporal', () => connection.close())
    await ensureSearchAttributes(connection, config.temporalNamespace, log)
    const worker = await createWorker(config, { connection, bundlePath, activities })
    life.worker = worker

    shutdown.signal.addEventListener('abort', () => worker.shutdown())
    log.info({ taskQueue: config.temporalTaskQueue }, 'worker started')
    await worker.run()
  } finally {
    await shutdown.close()
    log.info('worker stopped')
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

// Workflow code is all that is read from these folders; what it imports of activities are types.
function bundlePlace({ checkout, cacheDir }: Config) {
  const [workflows, core] = [join(checkout, 'workflows'), join(checkout, 'core')]
  return { entry: join(workflows, 'index.ts'), sources: [workflows, core], cacheDir }
}

// The worker allocates little: with young generations of 1 MB instead of 16 its two isolates take some 30 MB less.
function staySmall(): void {
  setFlagsFromString('--max-semi-space-size=1')
}
