import { ApplicationFailure } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { describe, expect, test } from 'vitest'
import type { BackfillInput, BackfillResult } from '../core/backfill.ts'
import { BACKFILL_DAYS_MAX, BACKFILL_DAYS_PER_RUN_MAX } from '../core/limits.ts'
import { addDays } from '../core/time.ts'
import {
  findBackfill,
  readProgress,
  startBackfill,
  tellBackfill,
} from '../platform/temporal-backfills.ts'
import { businessDateAt } from '../workflows/business-day.ts'
import { UPI_BACKFILL } from '../workflows/search-attributes.ts'
import { eventually } from './eventually.ts'
import { useStack } from './harness.ts'
import { Gates, recordedDays as recorded } from './recorded-days.ts'
import { useWorker } from './temporal-worker.ts'

const own = useStack('namespace')
const worker = useWorker(() => own.configFor())
const FOUR = ['2026-01-04', '2026-01-03', '2026-01-02', '2026-01-01']
const RANGE = { from: '2026-01-01', to: '2026-01-04' } as const

describe('backfillRange', () => {
  test('builds each planned day as the child of its id, on the queue of heavy work', async () => {
    const calls = recorded({ plan: FOUR, empty: ['2026-01-02'] })
    Object.assign(worker, { activities: calls.activities })
    const { client } = worker
    expect(await run(client, { ...RANGE, actor: 'asha' })).toMatchObject({
      ...{ state: 'done', total: 4, done: 4, failed: [], upToDate: 7, books: 'balanced' },
    })
    expect(calls.made.toSorted()).toEqual([
      'books',
      'build 2026-01-01 backfill: never built asha',
      'build 2026-01-03 backfill: never built asha',
      'build 2026-01-04 backfill: never built asha',
      'empty 2026-01-02',
      'followers',
      'stream',
    ])
    const child = await client.workflow.getHandle('daily-upi-aggregation/2026-01-03').describe()
    expect(child.taskQueue).toBe(`${own.name}-heavy`)
    await eventually(async () => {
      const query = `UpiBackfill = 'backfill/2026-01-01..2026-01-04'`
      return (await client.workflow.count(query)).count === 4
    })
  })

  test('does nothing when nothing is missing, and says so', async () => {
    const calls = recorded({ plan: [], skipped: ['2026-01-02'] })
    Object.assign(worker, { activities: calls.activities })
    const { client } = worker
    expect(await run(client, RANGE)).toEqual({
      ...{ state: 'nothing to do', total: 0, done: 0, failed: [], upToDate: 7 },
      skipped: [{ date: '2026-01-02', reason: 'archived' }],
    })
    expect(calls.made).toEqual([])
  })

  test('collects the days that fail and goes on', async () => {
    const broken = ApplicationFailure.nonRetryable('daily: 2 bad rows', 'CHECK_FAILED')
    const calls = recorded({ plan: FOUR, before: (date) => date === FOUR[1] && broken })
    Object.assign(worker, { activities: calls.activities })
    const { client } = worker
    expect(await run(client, RANGE)).toMatchObject({
      ...{ state: 'partial', total: 4, done: 3 },
      failed: [{ date: '2026-01-03', error: 'daily: 2 bad rows' }],
    })
  })

  test('does not say of a day that it is closed which was not over when its turn came', async () => {
    const today = businessDateAt(Date.now())
    const calls = recorded({ plan: [today] })
    Object.assign(worker, { activities: calls.activities })
    expect(await run(worker.client, { from: today, to: today })).toMatchObject({
      ...{ state: 'partial', total: 1, done: 0 },
      failed: [{ date: today, error: 'not over yet' }],
    })
  })

  test('keeps so many days going, in order, and more or fewer when told so', async () => {
    const gates = new Gates()
    const calls = recorded({ plan: FOUR, before: gates.wait })
    Object.assign(worker, { activities: calls.activities })
    const { client } = worker
    const handle = await start(client, { ...RANGE, concurrency: 1 })
    await eventually(() => gates.waiting.join() === FOUR[0])
    await expect(tellBackfill(handle, 'setConcurrency', 0)).rejects.toMatchObject({
      message: expect.stringContaining('concurrency 0 is not 1 to'),
    })
    await tellBackfill(handle, 'setConcurrency', 2)
    await eventually(() => gates.waiting.join() === `${FOUR[0]},${FOUR[1]}`)
    expect(await readProgress(handle)).toMatchObject({
      ...{ state: 'running', total: 4, done: 0, concurrency: 2 },
      running: [FOUR[0], FOUR[1]],
      asked: { ...RANGE, mode: 'missing', order: 'newest', concurrency: 1 },
    })
    gates.openAll()
    expect(await handle.result()).toMatchObject({ state: 'done' })
  })

  test('paused, it begins no more days and lets those in hand end; resumed, it goes on', async () => {
    const gates = new Gates()
    const calls = recorded({ plan: FOUR, before: gates.wait })
    Object.assign(worker, { activities: calls.activities })
    const { client } = worker
    const handle = await start(client, { ...RANGE, concurrency: 1 })
    await eventually(() => gates.waiting.length === 1)
    await tellBackfill(handle, 'pause')
    await expect(tellBackfill(handle, 'pause')).rejects.toMatchObject({
      message: expect.stringContaining('paused already'),
    })
    gates.openAll()
    await eventually(async () => (await readProgress(handle)).done === 1)
    expect(await readProgress(handle)).toMatchObject({ state: 'paused', running: [] })
    await tellBackfill(handle, 'resume')
    expect(await handle.result()).toMatchObject({ state: 'done', done: 4 })
    await expect(tellBackfill(handle, 'pause')).rejects.toMatchObject({ code: 'NOT_READY' })
  })

  test('cancelled, it cancels its days and follows up what it has changed', async () => {
    const days = ['2025-03-04', '2025-03-03', '2025-03-02', '2025-03-01']
    const gates = new Gates(days[0])
    const calls = recorded({ plan: days, before: gates.wait })
    Object.assign(worker, { activities: calls.activities })
    const { client } = worker
    const handle = await start(client, { from: '2025-03-01', to: '2025-03-04', concurrency: 2 })
    await eventually(async () => (await readProgress(handle)).done === 1)
    await eventually(() => gates.waiting.length === 2)
    await handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(calls.made.at(-1)).toBe('followers')
    const cancelled = days.slice(1, 3).map((date) => `daily-upi-aggregation/${date}`)
    for (const id of cancelled) {
      expect((await client.workflow.getHandle(id).describe()).status.name).toBe('CANCELLED')
    }
    const last = client.workflow.getHandle(`daily-upi-aggregation/${days[3]}`).describe()
    await expect(last).rejects.toMatchObject({ name: 'WorkflowNotFoundError' })
  })

  test('waits for a day that somebody else builds, and does not build it again', async () => {
    const gates = new Gates()
    const calls = recorded({ plan: [FOUR[0] as string], before: gates.wait })
    Object.assign(worker, { activities: calls.activities })
    const { client } = worker
    const other = await client.workflow.start('dailyUpiAggregation', {
      workflowId: `daily-upi-aggregation/${FOUR[0]}`,
      taskQueue: own.name,
      args: [{ date: FOUR[0] }],
    })
    await eventually(() => gates.waiting.length === 1)
    const handle = await start(client, RANGE)
    await eventually(() => calls.waits > 0)
    gates.openAll()
    expect(await handle.result()).toMatchObject({ state: 'done', done: 1 })
    await other.result()
    expect(calls.made.filter((call) => call.startsWith('build'))).toHaveLength(1)
  })

  test('builds the day itself when the other run ends without closing it', async () => {
    const gates = new Gates()
    const calls = recorded({ plan: [FOUR[0] as string], before: gates.wait })
    Object.assign(worker, { activities: calls.activities })
    const { client } = worker
    const other = await client.workflow.start('dailyUpiAggregation', {
      workflowId: `daily-upi-aggregation/${FOUR[0]}`,
      taskQueue: own.name,
      args: [{ date: FOUR[0] }],
    })
    await eventually(() => gates.waiting.length === 1)
    const handle = await start(client, RANGE)
    await eventually(() => calls.waits > 0)
    await other.cancel()
    gates.openAll()
    expect(await handle.result()).toMatchObject({ state: 'done', done: 1 })
    expect(calls.made.filter((call) => call.startsWith('build'))).toHaveLength(2)
  })

  test('of the same range with other inputs is refused while one runs; with the same it joins', async () => {
    const gates = new Gates()
    const calls = recorded({ plan: FOUR, before: gates.wait })
    Object.assign(worker, { activities: calls.activities })
    const { client } = worker
    const asked = { ...RANGE, mode: 'missing', order: 'newest', concurrency: 2 } as const
    const who = { actor: 'asha', taskQueue: own.name }
    const { handle, isJoined } = await startBackfill(client, asked, who)
    expect(isJoined).toBe(false)
    expect((await startBackfill(client, asked, who)).isJoined).toBe(true)
    await expect(startBackfill(client, { ...asked, mode: 'all' }, who)).rejects.toMatchObject({
      code: 'BACKFILL_DIFFERS',
      message: expect.stringContaining('mode missing and not all'),
    })
    gates.openAll()
    await handle.result()
    expect((await findBackfill(client, '2026-01-01..2026-01-04')).workflowId).toBe(
      handle.workflowId,
    )
    await expect(findBackfill(client, '2020-01-01..2020-01-04')).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    })
  })

  test('takes ten years of days', async () => {
    const days = daysSince('2016-01-01', BACKFILL_DAYS_MAX)
    const calls = recorded({ plan: days, empty: days })
    Object.assign(worker, { activities: calls.activities })
    const { length: total } = days
    const range = { from: '2016-01-01', to: days.at(-1) as string }
    expect(await run(worker.client, range)).toMatchObject({ state: 'done', total, done: total })
    expect(calls.made).toHaveLength(total + 1)
  })

  test('continues as new with what is left, and tells of all of it', async () => {
    const broken = ApplicationFailure.nonRetryable('daily: 2 bad rows', 'CHECK_FAILED')
    const days = daysSince('2024-01-01', BACKFILL_DAYS_PER_RUN_MAX + 5)
    const calls = recorded({ plan: days, before: (date) => date === days[0] && broken })
    Object.assign(worker, { activities: calls.activities })
    const { client } = worker
    const range = { from: '2024-01-01', to: days.at(-1) as string, concurrency: 32 }
    const handle = await start(client, range)
    const all = { total: days.length, done: days.length - 1, failed: [{ date: days[0] }] }
    expect(await handle.result()).toMatchObject({ state: 'partial', ...all })
    expect(calls.made.filter((call) => call.startsWith('build'))).toHaveLength(days.length)
    expect(calls.made.filter((call) => !call.startsWith('build'))).toEqual([
      ...['stream', 'followers', 'books'],
    ])
    expect(await readProgress(handle)).toMatchObject(all)
    const { runId, typedSearchAttributes: found } = await handle.describe()
    expect(runId).not.toBe(handle.firstExecutionRunId)
    expect(found.get(UPI_BACKFILL)).toBe(handle.workflowId)
  }, 120_000)

  test('tells its plan and does nothing when it is to run dry', async () => {
    const calls = recorded({ plan: FOUR, skipped: ['2026-01-02'] })
    Object.assign(worker, { activities: calls.activities })
    expect(await run(worker.client, { ...RANGE, dryRun: true })).toEqual({
      days: FOUR.map((date) => ({ date, reason: 'never built' })),
      ...{ skipped: [{ date: '2026-01-02', reason: 'archived' }], upToDate: 7 },
    })
    expect(calls.made).toEqual([])
  })

  test.each([
    [{ ...RANGE, to: '2025-12-31' }, 'lies before'],
    [{ ...RANGE, to: '2026-02-30' }, 'is not a day'],
    [{ from: '1990-01-01', to: '2026-01-01' }, 'more than'],
    [{ ...RANGE, mode: 'some' as 'all' }, "mode 'some'"],
    [{ ...RANGE, order: 'any' as 'newest' }, "order 'any'"],
    [{ ...RANGE, concurrency: 1000 }, 'concurrency 1000'],
  ])('refuses %j', async (input, words) => {
    Object.assign(worker, { activities: {} })
    const { client } = worker
    await expect(run(client, input)).rejects.toMatchObject({
      cause: { type: 'OPTION_INVALID', message: expect.stringContaining(words) },
    })
  })
})

function daysSince(first: string, length: number): string[] {
  return Array.from({ length }, (_, i) => addDays(first, i))
}

async function run(client: Client, input: BackfillInput): Promise<BackfillResult> {
  return await (await start(client, input)).result()
}

async function start(client: Client, input: BackfillInput) {
  return await client.workflow.start('backfillRange', {
    workflowId: `backfill/${input.from}..${input.to}`,
    taskQueue: own.name,
    args: [input],
  })
}
