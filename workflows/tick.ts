import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  ApplicationFailure,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { heavyQueue } from '../core/task-queue.ts'
import { POLL } from './activity-options.ts'
import { dayThatEnded } from './business-day.ts'
import { SCHEDULES } from './schedules.ts'
import { SCHEDULED_START_TIME } from './search-attributes.ts'

const { awaitRun } = proxyActivities<Activities>(POLL)

/**
 * What a schedule starts. Temporal adds the time to the id of a scheduled run, so this thin run takes the date from
 * its nominal time and starts the workflow under its plain business id, or waits for the one that runs already: who
 * else asks for that day meets the same id.
 */
export async function tick({ schedule }: { readonly schedule: string }): Promise<unknown> {
  const { workflow, workflowId: pattern, isHeavy = false } = scheduleOf(schedule)
  const { taskQueue } = workflowInfo()
  const nominal = workflowInfo().typedSearchAttributes.get(SCHEDULED_START_TIME)
  // A trigger by hand is due now: the same rule gives yesterday.
  const date = dayThatEnded(nominal?.getTime() ?? Date.now())
  const workflowId = pattern.replace('<date>', date)
  const actor = `schedule ${schedule}`
  setCurrentDetails(`Waiting for \`${workflowId}\`.`)
  try {
    const child = await startChild(workflow, {
      workflowId,
      taskQueue: isHeavy ? heavyQueue(taskQueue) : taskQueue,
      args: [pattern === workflowId ? { actor } : { date, actor }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
    })
    return await child.result()
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    return await awaitRun({ workflowId })
  }
}

function scheduleOf(id: string) {
  const found = SCHEDULES.find((each) => each.id === id)
  if (found !== undefined) return found
  throw ApplicationFailure.nonRetryable(`there is no schedule '${id}'`, 'OPTION_INVALID')
}
