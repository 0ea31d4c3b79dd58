import { ApplicationFailure } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { expect, test } from 'vitest'
import type { Activities, BackupSummary } from '../activities/index.ts'
import type { BackupInput, BackupResult } from '../workflows/backup.ts'
import { dayThatEnded } from '../workflows/business-day.ts'
import { useStack } from './harness.ts'
import { withWorker } from './temporal-worker.ts'

const own = useStack('namespace')
const DAY = '2026-02-01'

test('old backups go when a new one is made, and only then', async () => {
  const { made, activities } = recorded(['made', 'there'])
  await withWorker(own.configFor(), activities, async (client) => {
    expect(await run(client, { date: DAY })).toMatchObject({ state: 'made', removed: ['old'] })
    expect(await run(client, { date: DAY, again: true })).toMatchObject({ removed: [] })
    expect(made).toEqual([`take ${DAY}`, 'remove', `take ${DAY} again`])
  })
})

test('without a date it is of the day that ended; what is no day is refused', async () => {
  const { made, activities } = recorded(['there', 'there'])
  await withWorker(own.configFor(), activities, async (client) => {
    await run(client, null)
    await run(client)
    const today = dayThatEnded(Date.now())
    expect(made).toEqual([`take ${today}`, `take ${today}`])
    const wrong = run(client, { date: '2026-02-30' })
    await expect(wrong).rejects.toMatchObject({ cause: { type: 'OPTION_INVALID' } })
  })
})

test('a full disk needs a person; nothing old goes', async () => {
  const { made, activities } = recorded([])
  const takeBackup = async () => {
    throw ApplicationFailure.nonRetryable('the disk is full', 'DISK_FULL')
  }
  await withWorker(own.configFor(), { ...activities, takeBackup }, async (client) => {
    await expect(run(client, { date: DAY })).rejects.toMatchObject({
      cause: { cause: { type: 'DISK_FULL' } },
    })
    expect(made).toEqual([])
  })
})

async function run(client: Client, ...args: (BackupInput | null)[]): Promise<BackupResult> {
  return await client.workflow.execute('backup', {
    workflowId: `backup/${args[0]?.date ?? 'today'}`,
    taskQueue: own.name,
    args,
  })
}

/** Activities that note their calls; each backup ends in the next of the states. */
function recorded(states: BackupSummary['state'][]) {
  const made: string[] = []
  const activities: Partial<Activities> = {
    async takeBackup({ date, again }) {
      made.push(`take ${date}${again ? ' again' : ''}`)
      return aSummary(date, states.shift() ?? 'made')
    },
    async removeOldBackups() {
      made.push('remove')
      return ['old']
    },
  }
  return { made, activities }
}

function aSummary(date: string, state: BackupSummary['state']): BackupSummary {
  const at = '2026-02-02T21:00:00.000Z'
  return {
    state,
    name: date,
    date,
    began_at: at,
    ended_at: at,
    server_version: '18.4',
    system_id: '1',
    timeline: 1,
    start_lsn: '0/1',
    stop_lsn: '0/2',
    cluster_bytes: 10,
    bytes: 5,
  }
}
