import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import {
  type BackfillAsked,
  type BackfillMode,
  type BackfillOrder,
  type BackfillResult,
  checkBackfill,
} from '../core/backfill.ts'
import { UpiError } from '../core/errors.ts'
import { makeGraph } from '../models/engine/graph.ts'
import { MODELS } from '../models/index.ts'
import { planBackfill } from '../models/warehouse/plan-backfill.ts'
import { actorOf, loadConfig } from '../platform/config.ts'
import {
  findBackfill,
  listBackfills,
  readProgress,
  startBackfill,
  tellBackfill,
} from '../platform/temporal-backfills.ts'
import { awaitRun, followRun } from './await-run.ts'
import { printPlan, printProgress, printResult, progressLine } from './backfill-report.ts'
import { recordByHand, withModelDatabase } from './by-hand.ts'
import { note, print, printJson, printTable } from './output.ts'
import { withTemporal } from './with-temporal.ts'

/** The options of `./upi backfill`. */
interface BackfillOptions {
  readonly from?: string
  readonly to?: string
  readonly mode: BackfillMode
  readonly order: BackfillOrder
  readonly concurrency: number
  readonly dryRun?: boolean
  readonly detach?: boolean
  readonly json?: boolean
}

/** Plans, or starts or joins the range's backfill and waits for it. */
export async function backfill(options: BackfillOptions): Promise<void> {
  const asked = askedOf(options)
  const config = loadConfig()
  if (options.dryRun === true) {
    const graph = makeGraph(MODELS)
    const plan = await withModelDatabase(config, (db) => planBackfill({ db, graph }, asked))
    if (options.json === true) printJson(plan)
    else printPlan(plan)
    return
  }
  await withTemporal(config, async (client, reachable) => {
    await recordByHand(config, `backfill ${asked.mode}`, `${asked.from}..${asked.to}`)
    const { temporalTaskQueue: taskQueue } = reachable
    const { handle, isJoined } = await startBackfill(client, asked, {
      actor: actorOf(config),
      taskQueue,
    })
    if (isJoined) note(`${handle.workflowId} is under way: joined`)
    if (options.detach === true) {
      if (options.json === true) printJson({ id: handle.workflowId, joined: isJoined })
      else print(`${handle.workflowId} goes on; ./upi backfill status ${handle.workflowId}`)
      return
    }
    const result = await followRun<BackfillResult>(handle, taskQueue, {
      askProgress: async () => progressLine(await readProgress(handle)),
      hint: `: ./upi backfill status ${handle.workflowId}`,
    })
    if (options.json === true) printJson({ id: handle.workflowId, ...result })
    else printResult(result)
    if (result.state === 'partial') process.exitCode = 1
  })
}

/** Where one stands, or which there are. */
export async function showStatus(
  id: string | undefined,
  { json }: { readonly json?: boolean },
): Promise<void> {
  await withTemporal(loadConfig(), async (client) => {
    if (id === undefined) {
      const listed = await listBackfills(client)
      if (json === true) printJson(listed)
      else if (listed.length === 0) print('no backfill that Temporal remembers')
      else {
        printTable(listed, [
          { title: 'backfill', value: (each) => each.id },
          { title: 'status', value: ({ status }) => status },
          { title: 'started', value: ({ startedAt }) => startedAt.toISOString().slice(0, 19) },
        ])
      }
      return
    }
    const handle = await findBackfill(client, id)
    const { status } = await handle.describe()
    const progress = await readProgress(handle)
    const shown = { id: handle.workflowId, status: status.name.toLowerCase(), ...progress }
    if (json === true) printJson(shown)
    else printProgress(shown)
  })
}

const DONE = {
  pause: 'paused; days in hand are built to their end',
  resume: 'resumed',
  setConcurrency: 'has a new concurrency',
} as const

/** Tells a running backfill to do otherwise. */
export async function tell(
  update: keyof typeof DONE,
  id: string,
  concurrency?: number,
): Promise<void> {
  await byHand(update, id, (handle) => tellBackfill(handle, update, concurrency))
  note(`${id} ${DONE[update]}`)
}

/** Cancels a backfill and waits until its days are undone. */
export async function cancel(id: string): Promise<void> {
  await byHand('cancel', id, async (handle, taskQueue) => {
    const { status } = await handle.describe()
    if (status.name !== 'RUNNING') {
      throw new UpiError('NOT_READY', `${handle.workflowId} is not running any more`)
    }
    await handle.cancel()
    await awaitRun(handle, taskQueue).catch((fault: unknown) => {
      if (!(fault instanceof UpiError && fault.cause instanceof WorkflowFailedError)) throw fault
    })
  })
  note(`${id} cancelled; what is built stays built`)
}

async function byHand(
  action: string,
  id: string,
  act: (handle: WorkflowHandle, taskQueue: string) => Promise<void>,
): Promise<void> {
  const config = loadConfig()
  await withTemporal(config, async (client) => {
    const handle = await findBackfill(client, id)
    await recordByHand(config, `backfill ${action}`, handle.workflowId)
    await act(handle, config.temporalTaskQueue)
  })
}

function askedOf({ from, to, mode, order, concurrency }: BackfillOptions): BackfillAsked {
  if (from === undefined || to === undefined) {
    throw new UpiError('OPTION_INVALID', '--from and --to are needed', {
      fix: './upi backfill --from 2026-01-01 --to 2026-01-31',
    })
  }
  const asked = checkBackfill({ from, to, mode, order, concurrency })
  if (typeof asked === 'string') throw new UpiError('OPTION_INVALID', asked)
  return asked
}
