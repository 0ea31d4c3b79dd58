import { ApplicationFailure, Context } from '@temporalio/activity'
import { ApplicationFailureCategory } from '@temporalio/common'

/** What concerns other runs than the one that asks. */
export function createRunActivities() {
  return {
    /** Gives the result of a run that somebody else has started; fails for another try while it has none. */
    async awaitRun({ workflowId }: { workflowId: string }): Promise<unknown> {
      const handle = Context.current().client.workflow.getHandle(workflowId)
      const { status } = await handle.describe()
      if (status.name === 'COMPLETED') return await handle.result()
      if (status.name === 'RUNNING') {
        throw ApplicationFailure.create({
          type: 'RUNNING',
          message: `${workflowId} is still running`,
          category: ApplicationFailureCategory.BENIGN,
        })
      }
      throw ApplicationFailure.nonRetryable(`${workflowId} ended as ${status.name}`, 'RUN_FAILED')
    },
  }
}
