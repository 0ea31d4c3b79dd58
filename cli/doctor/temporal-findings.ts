import type { Client } from '@temporalio/client'
import { type Config, need } from '../../platform/config.ts'
import type { Finding } from '../../platform/stack/index.ts'
import { connectClient, temporalFault } from '../../platform/temporal.ts'
import { readSchedule } from '../../platform/temporal-schedules.ts'
import { SCHEDULES } from '../../workflows/schedules.ts'
import { type Fault, look } from './look.ts'

/** Whether Temporal is there, and every schedule on it. */
export async function temporalFindings(given: Config): Promise<Finding[]> {
  const config = need(given, 'temporalAddress')
  let opened: Awaited<ReturnType<typeof connectClient>> | undefined
  try {
    const server = await look('temporal server', async () => {
      opened = await connectClient(config)
      const { serverVersion } = await opened.connection.workflowService.getSystemInfo({})
      return `Temporal ${serverVersion} at ${config.temporalAddress}`
    })
    if (opened === undefined) return server
    const { client } = opened
    const found = await look('schedules', async () => {
      try {
        return await schedules(client)
      } catch (fault) {
        throw temporalFault(fault, config)
      }
    })
    return [...server, ...found]
  } finally {
    await opened?.connection.close()
  }
}

async function schedules(client: Client): Promise<string | readonly Fault[]> {
  const all = await Promise.all(
    SCHEDULES.map(async (schedule) => ({
      isMeant: schedule.pausedBecause !== undefined,
      ...(await readSchedule(client, schedule)),
    })),
  )
  const faults = all.flatMap(({ id, state, note, isMeant }): Fault[] => {
    if (state === 'missing') {
      return [{ text: `${id} is not on Temporal`, fix: './upi schedules apply' }]
    }
    if (state === 'active' || isMeant) return []
    return [{ text: `${id} is paused (${note})`, fix: `./upi schedules resume ${id}` }]
  })
  return faults.length > 0 ? faults : `${all.length} as they should be`
}
