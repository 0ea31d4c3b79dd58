import { ParentClosePolicy, setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import { heavyQueue } from '../core/task-queue.ts'
import { dayThatEnded } from './business-day.ts'
import { SCHEDULES } from './schedules.ts'
import { SCHEDULED_START_TIME } from './search-attributes.ts'
import { fieldsOf, refuse } from './steps/fields-of.ts'
import { runOrMeet } from './steps/run-or-meet.ts'

/**
 * What a schedule starts. Temporal adds the time to the id of a scheduled run, so this thin run takes the date from
 * its nominal time and starts the workflow under its plain business id, or waits for the one that runs already: who
 * else asks for that day meets the same id. Input: `{"schedule": "backup"}`.
 */
export async function tick(input?: { readonly schedule: string } | null): Promise<unknown> {
  const { schedule = '' } = fieldsOf(input, ['schedule'])
  const { workflow, workflowId: pattern, isHeavy = false } = scheduleOf(schedule)
  const { taskQueue } = workflowInfo()
  const nominal = workflowInfo().typedSearchAttributes.get(SCHEDULED_START_TIME)
  // A trigger by hand is due now: the same rule gives yesterday.
  const date = dayThatEnded(nominal?.getTime() ?? Date.now())
  const workflowId = pattern.replace('<date>', date)
  const actor = `schedule ${schedule}`
  setCurrentDetails(`Waiting for \`${workflowId}\`.`)
  return await runOrMeet(workflow, {
    workflowId,
    taskQueue: isHeavy ? heavyQueue(taskQueue) : taskQueue,
    args: [pattern === workflowId ? { actor } : { date, actor }],
    parentClosePolicy: ParentClosePolicy.ABANDON,
  })
}

function scheduleOf(id: string) {
  const found = SCHEDULES.find((each) => each.id === id)
  if (found !== undefined) return found
  refuse(`there is no schedule '${id}'`)
}
