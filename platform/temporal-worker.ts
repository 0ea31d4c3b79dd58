import type { NativeConnection, Worker } from '@temporalio/worker'
import { ACTIVITIES_RUNNING_MAX, WORKFLOWS_CACHED_MAX } from '../core/limits.ts'
import type { Needed } from './config.ts'
import type { Logger } from './telemetry.ts'
import { temporalFault } from './temporal.ts'

// Builds in hand are finished; what takes longer is cancelled and begun again by the next worker.
const SHUTDOWN_GRACE_MS = 5_000
// One slow activity that ignores its cancellation must not hold the process for ever.
const SHUTDOWN_FORCE_MS = 15_000
const POLLER_ASK_TIMEOUT_MS = 1_000

/** Makes the worker of the task queue, small: few slots, few cached runs, the bundle made beforehand. */
export async function createWorker(
  config: Needed<'temporalAddress'>,
  options: { connection: NativeConnection; bundlePath: string; activities: object },
): Promise<Worker> {
  const { Worker } = await import('@temporalio/worker')
  try {
    return await Worker.create({
      connection: options.connection,
      namespace: config.temporalNamespace,
      taskQueue: config.temporalTaskQueue,
      workflowBundle: { codePath: options.bundlePath },
      activities: options.activities,
      maxCachedWorkflows: WORKFLOWS_CACHED_MAX,
      maxConcurrentActivityTaskExecutions: ACTIVITIES_RUNNING_MAX,
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

/**
 * Prepares the native library, once and before any connection: its log goes through ours, and signals are left to
 * the process, which closes its parts in order.
 */
export async function installRuntime(log: Logger): Promise<void> {
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
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
  })
}

// What the library adds to every line and what says nothing to people is left out.
function fieldsOf(meta: Record<string, unknown> = {}): Record<string, unknown> {
  const { taskToken, sdkComponent, isLocal, namespace, taskQueue, error, ...fields } = meta
  return error === undefined ? fields : { ...fields, reason: (error as Error).message }
}

/** Why a worker takes no work, or undefined while the server counts it among the pollers of its task queue. */
export async function workerReadiness(
  config: Needed<'temporalAddress'>,
  worker: Worker | undefined,
): Promise<string | undefined> {
  const state = worker?.getState() ?? 'STARTING'
  if (state !== 'RUNNING') return `worker is ${state.toLowerCase()}`
  const { connection, options } = worker as Worker
  if (connection === undefined) return 'worker has no connection'
  try {
    const { pollers } = await connection.withDeadline(Date.now() + POLLER_ASK_TIMEOUT_MS, () =>
      connection.workflowService.describeTaskQueue({
        namespace: config.temporalNamespace,
        taskQueue: { name: config.temporalTaskQueue },
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
