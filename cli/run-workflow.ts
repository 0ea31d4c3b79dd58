import { type WorkflowHandle, WorkflowIdConflictPolicy } from '@temporalio/client'
import type { Config } from '../platform/config.ts'
import { need } from '../platform/config.ts'
import { connectClient, temporalFault } from '../platform/temporal.ts'
import { awaitRun } from './await-run.ts'
import { note } from './output.ts'

/** Which run is wanted. */
export interface WantedRun {
  readonly workflow: string
  readonly workflowId: string
  readonly input: object
  /** Asks the run how far it has come. */
  readonly askProgress?: (handle: WorkflowHandle) => Promise<string>
}

/** Starts a run, or joins the one of its id that is under way, and waits for it. Ctrl-C leaves it running. */
export async function runWorkflow<T>(config: Config, wanted: WantedRun): Promise<T> {
  const reachable = need(config, 'temporalAddress')
  const { workflow, workflowId, input, askProgress } = wanted
  const { client, connection } = await connectClient(reachable)
  const detach = () => {
    note(`\ndetached; ${workflowId} goes on`)
    process.exit(130)
  }
  process.once('SIGINT', detach)
  try {
    const handle = await client.workflow.start(workflow, {
      workflowId,
      taskQueue: config.temporalTaskQueue,
      args: [input],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    })
    return await awaitRun(handle, config.temporalTaskQueue, askProgress)
  } catch (fault) {
    throw temporalFault(fault, reachable)
  } finally {
    process.off('SIGINT', detach)
    await connection.close()
  }
}
