import { WorkflowIdConflictPolicy } from '@temporalio/client'
import { heavyQueue } from '../core/task-queue.ts'
import { actorOf, type Config, need } from '../platform/config.ts'
import { connectClient, temporalFault } from '../platform/temporal.ts'
import type { BackupResult } from '../workflows/backup.ts'
import { dayThatEnded } from '../workflows/business-day.ts'
import { awaitRun } from './await-run.ts'
import { recordByHand } from './by-hand.ts'
import { note } from './output.ts'

/** Starts the backup of the day that ended, or joins the one that is under way, and waits for it. */
export async function runBackup(config: Config, again: boolean): Promise<BackupResult> {
  const reachable = need(config, 'temporalAddress', 'transformDatabaseUrl')
  const date = dayThatEnded(Date.now())
  const workflowId = `backup/${date}`
  const taskQueue = heavyQueue(config.temporalTaskQueue)
  const { client, connection } = await connectClient(reachable)
  const detach = () => {
    note(`\ndetached; ${workflowId} goes on`)
    process.exit(130)
  }
  process.once('SIGINT', detach)
  try {
    await recordByHand(config, 'backup', date)
    const handle = await client.workflow.start('backup', {
      workflowId,
      taskQueue,
      args: [{ date, again, actor: actorOf(config) }],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    })
    return await awaitRun(handle, taskQueue)
  } catch (fault) {
    throw temporalFault(fault, reachable)
  } finally {
    process.off('SIGINT', detach)
    await connection.close()
  }
}
