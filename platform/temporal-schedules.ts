import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
} from '@temporalio/client'
import type { Schedule } from '../core/schedule.ts'

/** How a schedule stands on the server. */
export interface ScheduleStatus {
  readonly id: string
  readonly about: string
  readonly state: 'active' | 'paused' | 'missing'
  readonly note: string
  readonly next: readonly Date[]
  /** The latest runs, oldest first, with how they ended. */
  readonly last: readonly { readonly dueAt: Date; readonly outcome: string }[]
  readonly missed: number
}

/** Creates a schedule or brings it to its present form; what an operator has paused stays paused. */
export async function applySchedule(
  client: Client,
  schedule: Schedule,
  taskQueue: string,
): Promise<'created' | 'updated'> {
  const options = optionsOf(schedule, taskQueue)
  try {
    await client.schedule.create({
      ...options,
      scheduleId: schedule.id,
      state: {
        note: schedule.pausedBecause ?? schedule.about,
        paused: schedule.pausedBecause !== undefined,
      },
    })
    return 'created'
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
  }
  // Only the state is taken over: the described spec is compiled, and would be added to ours.
  await client.schedule.getHandle(schedule.id).update(({ state: { paused, note } }) => ({
    ...options,
    state: { paused, note: note ?? schedule.about },
  }))
  return 'updated'
}

/**
 * Removes the schedules of this task queue that are not of the list any more; returns their ids. What starts no tick
 * of its own name here is somebody else's, and stays.
 */
export async function removeStale(
  client: Client,
  listed: readonly Schedule[],
  taskQueue: string,
): Promise<string[]> {
  const removed: string[] = []
  for await (const { scheduleId: id } of client.schedule.list()) {
    if (listed.some((schedule) => schedule.id === id)) continue
    const handle = client.schedule.getHandle(id)
    try {
      const { action } = await handle.describe()
      const isOurs = action.taskQueue === taskQueue && action.workflowId === tickId(id)
      if (action.workflowType !== TICK || !isOurs) continue
      await handle.delete()
      removed.push(id)
    } catch (error) {
      // The list lags behind what another has removed.
      if (!(error instanceof ScheduleNotFoundError)) throw error
    }
  }
  return removed
}

/** Reads when a schedule runs next and how its last runs ended. */
export async function readSchedule(client: Client, schedule: Schedule): Promise<ScheduleStatus> {
  const { id, about } = schedule
  try {
    const { state, info } = await client.schedule.getHandle(id).describe()
    const recent = info.recentActions.slice(-RUNS_SHOWN_MAX)
    const last = recent.map(async ({ scheduledAt: dueAt, action: { workflow } }) => ({
      dueAt,
      outcome: await outcomeOf(client, workflow.workflowId),
    }))
    return {
      id,
      about,
      state: state.paused ? 'paused' : 'active',
      note: state.note ?? '',
      next: info.nextActionTimes.slice(0, RUNS_SHOWN_MAX),
      last: await Promise.all(last),
      missed: info.numActionsMissedCatchupWindow + info.numActionsSkippedOverlap,
    }
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
    return { id, about, state: 'missing', note: '', next: [], last: [], missed: 0 }
  }
}

const RUNS_SHOWN_MAX = 3
const TICK = 'tick'

function tickId(scheduleId: string): string {
  return `${TICK}/${scheduleId}`
}

function optionsOf(schedule: Schedule, taskQueue: string): Omit<ScheduleOptions, 'scheduleId'> {
  const { id, at, timezone, overlap, catchupSeconds } = schedule
  const when =
    'everySeconds' in at
      ? { intervals: [{ every: `${at.everySeconds} seconds` as const }] }
      : { calendars: [{ ...at }] }
  return {
    spec: { ...when, timezone },
    action: {
      type: 'startWorkflow',
      workflowType: TICK,
      workflowId: tickId(id),
      args: [{ schedule: id }],
      taskQueue,
    },
    policies: { overlap, catchupWindow: `${catchupSeconds} seconds` },
  }
}

async function outcomeOf(client: Client, workflowId: string): Promise<string> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe()
    return status.name.toLowerCase()
  } catch {
    // Its history is past the namespace's retention.
    return 'forgotten'
  }
}
