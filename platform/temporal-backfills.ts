import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { type BackfillAsked, type BackfillProgress, backfillId } from '../core/backfill.ts'
import { UpiError } from '../core/errors.ts'
import { askRun } from './temporal.ts'

/** A backfill as the server lists it. */
export interface ListedBackfill {
  readonly id: string
  readonly status: string
  readonly startedAt: Date
  readonly closedAt: Date | undefined
}

/**
 * Starts a backfill, or joins the one of the same range that is under way: if it was asked for the same. One that was
 * asked for something else is not what the caller wants, and two of one range would do the same days.
 */
export async function startBackfill(
  client: Client,
  asked: BackfillAsked,
  { actor, taskQueue }: { readonly actor: string; readonly taskQueue: string },
): Promise<{ handle: WorkflowHandle; isJoined: boolean }> {
  const workflowId = backfillId(asked)
  try {
    const handle = await client.workflow.start('backfillRange', {
      workflowId,
      taskQueue,
      args: [{ ...asked, actor }],
      workflowIdConflictPolicy: 'FAIL',
    })
    return { handle, isJoined: false }
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
  const handle = client.workflow.getHandle(workflowId)
  const running = (await readProgress(handle)).asked
  const others = KEYS.filter((key) => running[key] !== asked[key])
  if (others.length === 0) return { handle, isJoined: true }
  const words = others.map((key) => `${key} ${running[key]} and not ${asked[key]}`).join(', ')
  throw new UpiError('BACKFILL_DIFFERS', `${workflowId} is running with ${words}`, {
    fix: `wait for it, join it with the same options, or ./upi backfill cancel ${workflowId}`,
  })
}

const KEYS = ['mode', 'order', 'concurrency'] as const

/** Where a backfill stands, as its run says. */
export async function readProgress(handle: WorkflowHandle): Promise<BackfillProgress> {
  return await askRun(handle, () => handle.query<BackfillProgress, []>('progress'))
}

/** The backfill under an id, with or without its `backfill/`; refuses an id that nobody has started. */
export async function findBackfill(client: Client, id: string): Promise<WorkflowHandle> {
  const handle = client.workflow.getHandle(id.startsWith('backfill/') ? id : `backfill/${id}`)
  try {
    await handle.describe()
    return handle
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
    throw new UpiError('OPTION_INVALID', `there is no ${handle.workflowId}`, {
      fix: './upi backfill status lists those that Temporal remembers',
    })
  }
}

/** Tells a running backfill to do otherwise; what it refuses is told in its words. */
export async function tellBackfill(
  handle: WorkflowHandle,
  update: 'pause' | 'resume' | 'setConcurrency',
  concurrency?: number,
): Promise<void> {
  try {
    await askRun(handle, async () => {
      if (concurrency === undefined) await handle.executeUpdate(update)
      else await handle.executeUpdate<void, [number]>(update, { args: [concurrency] })
    })
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) {
      throw new UpiError('NOT_READY', `${handle.workflowId} is not running any more`)
    }
    if (!(error instanceof WorkflowUpdateFailedError)) throw error
    throw new UpiError(
      'OPTION_INVALID',
      `${handle.workflowId}: ${error.cause?.message ?? 'refused'}`,
    )
  }
}

/** The latest backfills that the server remembers, newest first. */
export async function listBackfills(client: Client): Promise<ListedBackfill[]> {
  const listed: ListedBackfill[] = []
  const query = `WorkflowType = 'backfillRange' and ExecutionStatus != 'ContinuedAsNew'`
  for await (const run of client.workflow.list({ query })) {
    const { workflowId: id, status, startTime: startedAt, closeTime: closedAt } = run
    listed.push({ id, status: status.name.toLowerCase(), startedAt, closedAt })
    if (listed.length === LISTED_MAX) break
  }
  return listed
}

const LISTED_MAX = 20
