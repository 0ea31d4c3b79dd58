import type { Client } from '@temporalio/client'
import { FAILED_RUN_SECONDS_MAX } from '../../core/alert-bounds.ts'
import { type Config, need } from '../../platform/config.ts'
import { workflowFacts } from '../../platform/facts/temporal-facts.ts'
import type { Finding } from '../../platform/stack/index.ts'
import { connectClient, temporalFault } from '../../platform/temporal.ts'
import { readSchedule } from '../../platform/temporal-schedules.ts'
import * as workflows from '../../workflows/index.ts'
import { SCHEDULES } from '../../workflows/schedules.ts'
import { formatSpan } from '../output.ts'
import { type Fault, look } from './look.ts'

/** Whether Temporal is there, every schedule on it, and whether runs have failed. */
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
    const asked = async <T>(answer: Promise<T>) => {
      try {
        return await answer
      } catch (fault) {
        throw temporalFault(fault, config)
      }
    }
    const found = await Promise.all([
      look('schedules', () => asked(schedules(client))),
      look('runs', () => asked(failedRuns(client, config.temporalTaskQueue))),
    ])
    return [...server, ...found.flat()]
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

async function failedRuns(client: Client, taskQueue: string): Promise<string | readonly Fault[]> {
  const reader = workflowFacts(client, { workflows: Object.keys(workflows), taskQueue })
  const { upi_workflow_last_failure_age_seconds: all = [] } = await reader.read()
  const fresh = all.filter(([seconds]) => seconds < FAILED_RUN_SECONDS_MAX)
  if (fresh.length === 0) return 'none failed of late'
  return fresh.map(([seconds, { workflow } = {}]) => ({
    text: `a run of ${workflow} failed ${formatSpan(seconds * 1000)} ago`,
    fix: 'docs/runbooks/workflows-failed.md; the Temporal UI says why',
  }))
}
