import { type Client, ScheduleNotFoundError } from '@temporalio/client'
import { FAILED_RUNS_COUNTED_MAX } from '../../core/limits.ts'
import { heavyQueue } from '../../core/task-queue.ts'
import type { FactReader, Samples } from './fact-reader.ts'

/** How the schedules stand. */
export function scheduleFacts(client: Client, schedules: readonly string[]): FactReader {
  return {
    fact: 'schedules',
    async read() {
      const found = await Promise.all(schedules.map((id) => standingOf(client, id)))
      const known = found.filter((each) => each.seconds !== undefined)
      const schedule = ({ id }: Standing) => ({ schedule: id })
      return {
        upi_schedule_paused: found.map((each) => [Number(each.isPaused), schedule(each)]),
        upi_schedule_missed_total: known.map((each) => [each.missed, schedule(each)]),
        upi_schedule_last_run_age_seconds: known.map((each) => [
          each.seconds as number,
          schedule(each),
        ]),
      }
    },
  }
}

interface Standing {
  readonly id: string
  readonly isPaused: boolean
  readonly missed: number
  /** Since its last run; undefined if Temporal does not have it. */
  readonly seconds?: number
}

async function standingOf(client: Client, id: string): Promise<Standing> {
  try {
    const { state, info } = await client.schedule.getHandle(id).describe()
    const since = info.recentActions.at(-1)?.takenAt ?? info.createdAt
    return {
      id,
      isPaused: state.paused,
      missed: info.numActionsMissedCatchupWindow + info.numActionsSkippedOverlap,
      seconds: (Date.now() - since.getTime()) / 1000,
    }
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
    return { id, isPaused: true, missed: 0 }
  }
}

const DAY_MS = 86_400_000

/** Which runs have failed since yesterday at this time; those that were ended by hand are not meant. */
export function workflowFacts(
  client: Client,
  { workflows, taskQueue }: { workflows: readonly string[]; taskQueue: string },
): FactReader {
  return {
    fact: 'workflows',
    async read() {
      const since = new Date(Date.now() - DAY_MS).toISOString()
      const queues = `'${taskQueue}', '${heavyQueue(taskQueue)}'`
      const query = `TaskQueue in (${queues}) and ExecutionStatus in ('Failed', 'TimedOut') and CloseTime > '${since}'`
      const ends = new Map<string, number[]>(workflows.map((name) => [name, []]))
      let counted = 0
      for await (const { type, closeTime } of client.workflow.list({ query })) {
        ends.get(type)?.push(closeTime?.getTime() ?? 0)
        counted += 1
        if (counted === FAILED_RUNS_COUNTED_MAX) break
      }
      const failed = [...ends].filter(([, times]) => times.length > 0)
      return {
        upi_workflows_failed: [...ends].map(([workflow, { length }]) => [length, { workflow }]),
        upi_workflow_last_failure_age_seconds: failed.map(([workflow, times]): Samples[number] => [
          (Date.now() - Math.max(...times)) / 1000,
          { workflow },
        ]),
      }
    },
  }
}
