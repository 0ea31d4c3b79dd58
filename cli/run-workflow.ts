import { type WorkflowHandle, WorkflowIdConflictPolicy } from '@temporalio/client'
import { heavyQueue } from '../core/task-queue.ts'
import type { Config } from '../platform/config.ts'
import { followRun } from './await-run.ts'
import { withTemporal } from './with-temporal.ts'

/** Which run is wanted. */
interface WantedRun {
  readonly workflow: string
  readonly workflowId: string
  readonly input: object
  /** It may wait for other heavy work. */
  readonly isHeavy?: boolean
  /** Asks the run how far it has come. */
  readonly askProgress?: (handle: WorkflowHandle) => Promise<string>
}

/** Starts a run, or joins the one of its id that is under way, and waits for it. Ctrl-C leaves it running. */
export async function runWorkflow<T>(
  config: Config,
  { workflow, workflowId, input, isHeavy = false, askProgress }: WantedRun,
): Promise<T> {
  const { temporalTaskQueue } = config
  const taskQueue = isHeavy ? heavyQueue(temporalTaskQueue) : temporalTaskQueue
  return await withTemporal(config, async (client) => {
    const handle = await client.workflow.start(workflow, {
      workflowId,
      taskQueue,
      args: [input],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    })
    return await followRun<T>(handle, taskQueue, { askProgress })
  })
}
