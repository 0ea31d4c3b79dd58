import type { Client } from '@temporalio/client'
import type { Activities } from '../activities/index.ts'
import { type Config, need } from '../platform/config.ts'
import { createLogger } from '../platform/telemetry.ts'
import { connectClient, connectWorker } from '../platform/temporal.ts'
import { createWorker, installRuntime } from '../platform/temporal-worker.ts'
import { workflowBundle } from '../platform/workflow-bundle.ts'

const log = createLogger({ process: 'test', level: 'fatal', pretty: false })
let isInstalled = false

/** Runs the workflows with these activities while `work` lasts, over a client of the same namespace. */
export async function withWorker(
  config: Config,
  activities: Partial<Activities>,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const reachable = need(config, 'temporalAddress')
  if (!isInstalled) await installRuntime(log)
  isInstalled = true
  const connection = await connectWorker(reachable, log)
  const temporal = await connectClient(reachable)
  try {
    const bundlePath = await workflowBundle(config)
    const worker = await createWorker(reachable, { connection, bundlePath, activities })
    await worker.runUntil(work(temporal.client))
  } finally {
    await temporal.connection.close()
    await connection.close()
  }
}
