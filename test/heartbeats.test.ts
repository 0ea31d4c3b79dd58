import { expect, test } from 'vitest'
import { whileBeating } from '../activities/heartbeat.ts'
import { eventually } from './eventually.ts'
import { useStack } from './harness.ts'
import { useWorker } from './temporal-worker.ts'

const own = useStack('namespace')
const worker = useWorker(() => own.configFor())

test('work that is cancelled hears of it with its next beat, and who cancels it when it has ended', async () => {
  let heardAt: number | undefined
  const work = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        heardAt = performance.now()
        reject(signal.reason)
      })
    })
  Object.assign(worker, { activities: { refreshDirty: () => whileBeating(work) } })
  const handle = await worker.client.workflow.start('refreshDirty', {
    ...{ workflowId: 'refresh-dirty', taskQueue: own.name },
  })
  await eventually(async () => {
    const { raw } = await handle.describe()
    const { lastHeartbeatTime, lastStartedTime } = raw.pendingActivities?.[0] ?? {}
    return Number(lastHeartbeatTime?.seconds ?? 0) > Number(lastStartedTime?.seconds ?? 0)
  })
  const cancelledAt = performance.now()
  await handle.cancel()
  await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
  expect((heardAt as number) - cancelledAt).toBeLessThan(5_000)
})
