import type { Client } from '@temporalio/client'
import { afterAll, beforeAll } from 'vitest'
import { type Activities, type ActivityDeps, createActivities } from '../activities/index.ts'
import { type Config, need } from '../platform/config.ts'
import { createLogger } from '../platform/telemetry.ts'
import { connectClient, connectWorker } from '../platform/temporal.ts'
import {
  createWorkers,
  installRuntime,
  runWorkers,
  stopWorkers,
} from '../platform/temporal-worker.ts'
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
    const workers = await createWorkers(reachable, { connection, bundlePath, activities })
    const running = runWorkers(workers)
    try {
      await Promise.race([work(temporal.client), running])
    } finally {
      stopWorkers(workers)
      await running
    }
  } finally {
    await temporal.connection.close()
    await connection.close()
  }
}

/** Runs the workflows for all tests of a file; the activities are those that a test has set at the time. */
export function useWorker(configFor: () => Config): {
  client: Client
  activities: Partial<Activities>
} {
  const shared = { client: undefined as unknown as Client, activities: {} as Partial<Activities> }
  const ended = Promise.withResolvers<void>()
  let running: Promise<void>
  beforeAll(async () => {
    const ready = Promise.withResolvers<void>()
    const current = (name: string) => shared.activities[name as keyof Activities] as Activity
    const names = Object.keys(createActivities({} as ActivityDeps))
    const delegates = names.map((name) => [name, (input: unknown) => current(name)(input)])
    running = withWorker(configFor(), Object.fromEntries(delegates), async (client) => {
      shared.client = client
      ready.resolve()
      await ended.promise
    })
    await Promise.race([ready.promise, running])
  })
  afterAll(async () => {
    ended.resolve()
    await running
  })
  return shared
}

type Activity = (input: unknown) => Promise<unknown>
