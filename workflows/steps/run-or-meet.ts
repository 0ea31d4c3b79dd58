import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import { type ChildWorkflowOptions, proxyActivities, startChild } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import { POLL } from '../activity-options.ts'

const { awaitRun } = proxyActivities<Activities>(POLL)

// A run that was met and did not do the work was cancelled, or found out what is wrong: ours tells.
const MEETINGS_MAX = 3

/**
 * Runs a workflow as the child under its one id. Where somebody else's run has that id, waits for its result; runs it
 * again only if that one ended without doing the work.
 */
export async function runOrMeet(
  workflow: string,
  options: ChildWorkflowOptions & { readonly workflowId: string; readonly args: unknown[] },
): Promise<unknown> {
  for (let met = 0; ; met += 1) {
    try {
      const child = await startChild(workflow, options)
      return await child.result()
    } catch (error) {
      const isMet = error instanceof WorkflowExecutionAlreadyStartedError
      if (!isMet || met >= MEETINGS_MAX) throw error
    }
    const result = await awaitOther(options.workflowId)
    if (result !== undefined) return result
  }
}

// A day that was not over when its run began is provisional: that run has not closed it.
async function awaitOther(workflowId: string): Promise<unknown> {
  try {
    const result = await awaitRun({ workflowId })
    const { state } = Object(result) as { state?: unknown }
    return state === 'provisional' ? undefined : result
  } catch {
    return undefined
  }
}
