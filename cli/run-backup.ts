import { actorOf, type Config } from '../platform/config.ts'
import type { BackupResult } from '../workflows/backup.ts'
import { dayThatEnded } from '../workflows/business-day.ts'
import { recordByHand } from './by-hand.ts'
import { runWorkflow } from './run-workflow.ts'

/** Starts the backup of the day that ended, or joins the one that is under way, and waits for it. */
export async function runBackup(config: Config, again: boolean): Promise<BackupResult> {
  const date = dayThatEnded(Date.now())
  await recordByHand(config, 'backup', date)
  return await runWorkflow<BackupResult>(config, {
    workflow: 'backup',
    workflowId: `backup/${date}`,
    input: { date, again, actor: actorOf(config) },
    isHeavy: true,
  })
}
