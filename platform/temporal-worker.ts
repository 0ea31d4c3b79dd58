import type { NativeConnection, Worker } from '@temporalio/worker'
import {
  ACTIVITIES_RUNNING_MAX,
  BEAT_MS_MAX,
  HEAVY_ACTIVITIES_RUNNING_MAX,
  WORKFLOWS_CACHED_MAX,
} from '../core/limits.ts'
import { heavyQueue } from '../core/task-queue.ts'
import type { Needed } from './config.ts'
import type { Logger } from './telemetry.ts'
import { temporalFault } from './temporal.ts'

// Builds in hand are finished; what takes longer is cancelled and begun again by the next worker.
const SHUTDOWN_GRACE_MS = 5_000
// One slow activity that ignores its cancellation must not hold the process for ever.
const SHUTDOWN_FORCE_MS = 15_000
const POLLER_ASK_TIMEOUT_MS = 1_000

interface WorkerParts {
  readonly connection: NativeConnection
  readonly bundlePath: string
  readonly activities: object
}

/**
 * Makes the workers of a process: one of the task queue, one of its heavy work, each with its own slots, so that a
 * backfill of years never holds up the daily run. They share connection, bundle and activities.
 */
export async function createWorkers(
  config: Needed<'temporalAddress'>,
  parts: WorkerParts,
): Promise<readonly Worker[]> {
  const daily = { taskQueue: config.temporalTaskQueue, activities: ACTIVITIES_RUNNING_MAX }
  const heavy = {
    taskQueue: heavyQueue(config.temporalTaskQueue),
    activities: HEAVY_ACTIVITIES_RUNNING_MAX,
  }
  return await Promise.all([daily, heavy].map((slots) => createWorker(config, parts, slots)))
}

// Small: few slots, few cached runs, the bundle made beforehand.
async function createWorker(
  config: Needed<'temporalAddress'>,
  { connection, bundlePath, activities }: WorkerParts,
  slots: { readonly taskQueue: string; readonly activities: number },
): Promise<Worker> {
  const { Worker } = await import('@temporalio/worker')
  try {
    return await Worker.create({
      connection,
      namespace: config.temporalNamespace,
      taskQueue: slots.taskQueue,
      workflowBundle: { codePath: bundlePath },
      activities,
      // By itself it would send a beat after four fifths of the timeout, and hear of a cancellation as late.
      maxHeartbeatThrottleInterval: BEAT_MS_MAX,
      maxCachedWorkflows: WORKFLOWS_CACHED_MAX,
      maxConcurrentActivityTaskExecutions: slots.activities,
      maxConcurrentWorkflowTaskExecutions: 8,
      workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 3 },
      activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
      shutdownGraceTime: SHUTDOWN_GRACE_MS,
      shutdownForceTime: SHUTDOWN_FORCE_MS,
    })
  } catch (cause) {
    throw temporalFault(cause, config)
  }
}

/** Runs workers until they are told to stop, together: one that fails takes the others with it. */
export async function runWorkers(workers: readonly Worker[]): Promise<void> {
  const running = workers.map((worker) => worker.run())
  try {
    await Promise.all(running)
  } catch (fault) {
    stopWorkers(workers)
    await Promise.allSettled(running)
    throw fault
  }
}

/** Tells workers to end what they have in hand and take no more; again changes nothing. */
export function stopWorkers(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
}

/**
 * Prepares the native library, once and before any connection: its log goes through ours, and signals are left to
 * the process, which closes its parts in order.
 */
export async function installRuntime(log: Logger, metricsAddress?: string): Promise<void> {
  const { Runtime } = await import('@temporalio/worker')
  const child = log.child({ client: 'temporal' })
  Runtime.install({
    shutdownSignals: [],
    logger: {
      log: (level, message, meta) => child[LEVELS[level]](fieldsOf(meta), message),
      trace: (message, meta) => child.trace(fieldsOf(meta), message),
      debug: (message, meta) => child.trace(fieldsOf(meta), message),
      info: (message, meta) => child.debug(fieldsOf(meta), message),
      warn: (message, meta) => child.warn(fieldsOf(meta), message),
      error: (message, meta) => child.error(fieldsOf(meta), message),
    },
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      ...(metricsAddress === undefined
        ? {}
        : { metrics: { prometheus: { bindAddress: metricsAddress, countersTotalSuffix: true } } }),
    },
  })
}

// What the library adds to every line and what says nothing to people is left out.
function fieldsOf(meta: Record<string, unknown> = {}): Record<string, unknown> {
  const { taskToken, sdkComponent, isLocal, namespace, taskQueue, error, ...fields } = meta
  return error === undefined ? fields : { ...fields, reason: (error as Error).message }
}

/** Why workers take no work, or undefined while the server counts each among the pollers of its task queue. */
export async function workerReadiness(
  config: Needed<'temporalAddress'>,
  workers: readonly Worker[],
): Promise<string | undefined> {
  if (workers.length === 0) return 'worker is starting'
  const reasons = await Promise.all(workers.map((worker) => readinessOf(config, worker)))
  return reasons.find((reason) => reason !== undefined)
}

async function readinessOf(
  config: Needed<'temporalAddress'>,
  worker: Worker,
): Promise<string | undefined> {
  const state = worker.getState()
  if (state !== 'RUNNING') return `worker is ${state.toLowerCase()}`
  const { connection, options } = worker
  if (connection === undefined) return 'worker has no connection'
  try {
    const { pollers } = await connection.withDeadline(Date.now() + POLLER_ASK_TIMEOUT_MS, () =>
      connection.workflowService.describeTaskQueue({
        namespace: config.temporalNamespace,
        taskQueue: { name: options.taskQueue },
        taskQueueType: WORKFLOW_QUEUE,
      }),
    )
    const isListed = pollers?.some(({ identity }) => identity === options.identity)
    return isListed ? undefined : 'worker does not poll yet'
  } catch {
    return `Temporal at ${config.temporalAddress} does not answer`
  }
}

// temporal.api.enums.v1.TaskQueueType
const WORKFLOW_QUEUE = 1

// The library reports each step of its own life; ours is told by the command.
const LEVELS = {
  TRACE: 'trace',
  DEBUG: 'trace',
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
} as const
