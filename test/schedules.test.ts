import type { Client } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Schedule } from '../core/schedule.ts'
import { need } from '../platform/config.ts'
import { connectClient, type TemporalClient } from '../platform/temporal.ts'
import { applySchedule } from '../platform/temporal-schedules.ts'
import { SCHEDULES } from '../workflows/schedules.ts'
import { eventually } from './eventually.ts'
import { runCli, useStack } from './harness.ts'

const own = useStack('database', 'namespace')
const ID = 'daily-upi-aggregation'
const IDS = SCHEDULES.map(({ id }) => id)
let temporal: TemporalClient
let client: Client

beforeAll(async () => {
  temporal = await connectClient(need(own.configFor(), 'temporalAddress'))
  client = temporal.client
})

afterAll(() => temporal.connection.close())

describe('./upi schedules', () => {
  test('apply makes the schedules; again, it changes nothing that matters', async () => {
    expect((await schedules('list')).stdout).toMatch(/daily-upi-aggregation +missing/)
    expect((await schedules('apply')).stderr).toBe(IDS.map((id) => `${id} created\n`).join(''))
    expect((await schedules('list')).stdout).toMatch(/^retention +paused .* until there is a lake/m)
    const before = await description()
    expect((await schedules('apply')).stderr).toBe(IDS.map((id) => `${id} updated\n`).join(''))
    expect(await description()).toEqual(before)
  })

  test('apply gives the daily run five past midnight in India, each missed day in line', async () => {
    const { spec, policies } = await client.schedule.getHandle(ID).describe()
    expect(spec.timezone).toBe('Asia/Kolkata')
    expect(spec.calendars).toMatchObject([{ hour: [{ start: 0 }], minute: [{ start: 5 }] }])
    expect(policies).toMatchObject({ overlap: 'BUFFER_ALL', catchupWindow: 30 * 86_400_000 })
  })

  test('apply gives the refresh every minute, and drops what comes while one runs', async () => {
    const { spec, policies } = await client.schedule.getHandle('upi-refresh').describe()
    expect(spec.intervals).toMatchObject([{ every: 60_000 }])
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 10_000 })
  })

  test('a schedule may be made paused, and stays resumed', async () => {
    const [first] = SCHEDULES as [Schedule]
    const schedule = { ...first, id: 'paused-at-first', pausedBecause: 'until the lake is there' }
    await applySchedule(client, schedule, own.name)
    const handle = client.schedule.getHandle(schedule.id)
    const made = (await handle.describe()).state
    expect(made).toMatchObject({ paused: true, note: 'until the lake is there' })
    await handle.unpause()
    await applySchedule(client, schedule, own.name)
    expect((await handle.describe()).state.paused).toBe(false)
    await handle.delete()
  })

  test('apply removes what has left the list, and nothing of others', async () => {
    const [first] = SCHEDULES as [Schedule]
    await applySchedule(client, { ...first, id: 'has-left' }, own.name)
    await applySchedule(client, { ...first, id: 'of-another-queue' }, 'another')
    const workflow = { workflowType: 'theirs', workflowId: 'tick/of-others', taskQueue: own.name }
    await client.schedule.create({
      ...{ scheduleId: 'of-others', spec: {}, action: { type: 'startWorkflow', ...workflow } },
    })
    await eventually(async () => {
      const listed: string[] = []
      for await (const { scheduleId } of client.schedule.list()) listed.push(scheduleId)
      return ['has-left', 'of-another-queue', 'of-others'].every((id) => listed.includes(id))
    })
    const lines = [
      ...IDS.map((id) => `${id} updated`),
      `has-left removed: it is not of the list any more`,
    ]
    expect((await schedules('apply')).stderr).toBe(lines.map((line) => `${line}\n`).join(''))
    await expect(client.schedule.getHandle('has-left').describe()).rejects.toThrow()
    for (const id of ['of-another-queue', 'of-others']) await client.schedule.getHandle(id).delete()
    expect((await schedules('apply')).stderr).not.toContain('removed')
  })

  test('pause holds through another apply, until resume', async () => {
    expect((await schedules('pause', ID, '--reason', 'stock taking')).code).toBe(0)
    await schedules('apply')
    expect(await listed()).toMatchObject({ state: 'paused', note: 'stock taking' })
    expect((await schedules('resume', ID)).code).toBe(0)
    expect(await listed()).toMatchObject({ state: 'active' })
  })

  test('list shows the next runs', async () => {
    const { next } = await listed()
    expect(next).toHaveLength(3)
    for (const at of next) expect(at).toMatch(/T18:35:00\.000Z$/)
  })

  test('trigger starts a tick, which list then shows', async () => {
    expect((await schedules('trigger', ID)).code).toBe(0)
    const { last } = await eventually(listed, (status) => status.last.length > 0)
    expect(last).toMatchObject([{ outcome: 'running' }])
  })

  test('by hand is written down', async () => {
    const { rows } = await own
      .pool()
      .query('select action, subject from ops.audit_log order by audit_id')
    expect(rows.map(({ action, subject }) => `${action} ${subject}`)).toEqual([
      `schedule pause ${ID}`,
      `schedule resume ${ID}`,
      `schedule trigger ${ID}`,
    ])
  })

  test('names the known ones when asked for another', async () => {
    for (const verb of ['pause', 'resume', 'trigger']) {
      const { code, stderr } = await schedules(verb, 'nightly')
      expect(code).toBe(2)
      expect(stderr).toBe(
        `upi: there is no schedule 'nightly'; fix: choose from ${IDS.join(', ')}\n`,
      )
    }
  })
})

function schedules(...args: string[]) {
  return runCli(['schedules', ...args], own.env)
}

async function listed() {
  const { stdout } = await schedules('list', '--json')
  return JSON.parse(stdout)[0] as {
    state: string
    note: string
    next: string[]
    last: { outcome: string }[]
  }
}

async function description() {
  const { spec, action, policies, state } = await client.schedule.getHandle(ID).describe()
  return { spec, action, policies, state }
}
