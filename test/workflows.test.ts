import { ApplicationFailure } from '@temporalio/activity'
import { type Client, type WorkflowFailedError, WorkflowIdConflictPolicy } from '@temporalio/client'
import { describe, expect, test } from 'vitest'
import type { Activities } from '../activities/index.ts'
import { createRunActivities } from '../activities/runs.ts'
import { addDays } from '../core/time.ts'
import { need } from '../platform/config.ts'
import { connectClient } from '../platform/temporal.ts'
import { applySchedule } from '../platform/temporal-schedules.ts'
import { businessDateAt, dayThatEnded } from '../workflows/business-day.ts'
import type {
  DailyUpiAggregationInput,
  DailyUpiAggregationResult,
} from '../workflows/daily-upi-aggregation.ts'
import { SCHEDULES } from '../workflows/schedules.ts'
import { eventually } from './eventually.ts'
import { useStack } from './harness.ts'
import { withWorker } from './temporal-worker.ts'

const own = useStack('namespace')
const DAY = '2026-02-01'

describe('dailyUpiAggregation', () => {
  test('builds a day that is over and closes it', async () => {
    const calls = recorded()
    await withWorker(own.configFor(), calls.activities, async (client) => {
      expect(await runDay(client, { date: DAY, actor: 'asha' })).toMatchObject({
        date: DAY,
        state: 'closed',
        books: 'broken',
      })
      expect(calls.made).toEqual([
        `build ${DAY} close asha`,
        `books ${DAY}..${DAY}`,
        `close ${DAY} asha`,
      ])
    })
  })

  test('waits until the stream has written what Kafka held', async () => {
    const calls = recorded(undefined, [7, 2])
    await withWorker(own.configFor(), calls.activities, async (client) => {
      await runDay(client, { date: '2026-01-31', actor: 'asha' })
      expect(calls.made.slice(0, 3)).toEqual([
        'behind 7',
        'behind 2',
        'build 2026-01-31 close asha',
      ])
    })
  })

  test('leaves a day open that is not over', async () => {
    const calls = recorded()
    const today = businessDateAt(Date.now())
    await withWorker(own.configFor(), calls.activities, async (client) => {
      expect(await runDay(client, { date: today })).toMatchObject({ state: 'provisional' })
      expect(calls.made).toEqual([`build ${today} provisional temporal`])
    })
  })

  test('takes the day that ended when it is given none', async () => {
    await withWorker(own.configFor(), recorded().activities, async (client) => {
      for (const args of [[], [{}], [null]]) {
        const { date } = await client.workflow.execute('dailyUpiAggregation', {
          workflowId: `without-a-date-${args.length}`,
          taskQueue: own.name,
          args,
        })
        expect(date).toBe(dayThatEnded(Date.now()))
      }
    })
  })

  test('refuses an input that it would not understand', async () => {
    await withWorker(own.configFor(), recorded().activities, async (client) => {
      for (const input of [DAY, [DAY], { day: DAY }]) {
        const run = client.workflow.execute('dailyUpiAggregation', {
          ...{ workflowId: 'misunderstood', taskQueue: own.name, args: [input] },
        })
        await expect(run).rejects.toMatchObject({
          cause: { type: 'OPTION_INVALID', message: expect.stringContaining('date, actor') },
        })
      }
    })
  })

  test('refuses what is not a day, and a day as a backfill would begin it: its stream was not waited for', async () => {
    const backfill = { id: 'backfill/2026-02-01..2026-02-01', reason: 'by hand' }
    const list = [DAY] as unknown as string
    await withWorker(own.configFor(), recorded().activities, async (client) => {
      for (const input of [{ date: '2026-02-30' }, { date: list }, { date: DAY, backfill }]) {
        await expect(runDay(client, input)).rejects.toMatchObject({
          cause: { type: 'OPTION_INVALID' },
        })
      }
    })
  })

  test('waits for what is away, and fails at once for what needs a person', async () => {
    const away = ApplicationFailure.create({ type: 'POSTGRES_UNAVAILABLE', message: 'away' })
    const wrong = ApplicationFailure.nonRetryable('no such table', 'SCHEMA_VERSION')
    const faults = [away, undefined, wrong]
    const calls = recorded(() => faults.shift())
    await withWorker(own.configFor(), calls.activities, async (client) => {
      expect(await runDay(client, { date: DAY })).toMatchObject({ state: 'closed' })
      await expect(runDay(client, { date: DAY })).rejects.toMatchObject({
        cause: { cause: { type: 'SCHEMA_VERSION' } },
      } satisfies { cause: unknown } as Partial<WorkflowFailedError>)
    })
  })

  test('can be found in the UI by its day', async () => {
    await withWorker(own.configFor(), recorded().activities, async (client) => {
      await runDay(client, { date: '2026-02-03' })
      const query = `UpiBusinessDate = '2026-02-03' and UpiModel = 'all'`
      await eventually(async () => (await client.workflow.count(query)).count === 1)
    })
  })
})

describe('reconcile', () => {
  const run = (client: Client, ...args: unknown[]) =>
    client.workflow.execute('reconcile', { workflowId: 'reconcile', taskQueue: own.name, args })
  const activities: Partial<Activities> = {
    reconcileRange: async () => ({
      state: 'balanced',
      books: [],
    }),
  }

  test('takes the last seven days that ended when it is given none', async () => {
    const to = dayThatEnded(Date.now())
    await withWorker(own.configFor(), activities, async (client) => {
      expect(await run(client)).toEqual({ from: addDays(to, -6), to, state: 'balanced', books: [] })
      const night = await run(client, { date: '2026-02-08', actor: 'schedule' })
      expect(night).toMatchObject({ from: '2026-02-02', to: '2026-02-08' })
    })
  })

  test('refuses what are no days', async () => {
    await withWorker(own.configFor(), activities, async (client) => {
      for (const input of [{ to: '2026-02-30' }, { from: '2026-02-02', to: '2026-02-01' }]) {
        await expect(run(client, input)).rejects.toMatchObject({
          cause: { type: 'OPTION_INVALID' },
        })
      }
    })
  })
})

describe('tick', () => {
  test('starts the workflow under its plain id, for the day that ended', async () => {
    const calls = recorded()
    const yesterday = dayThatEnded(Date.now())
    await withWorker(own.configFor(), calls.activities, async (client) => {
      expect(await tick(client)).toMatchObject({ date: yesterday, state: 'closed' })
      const run = await client.workflow.getHandle(`daily-upi-aggregation/${yesterday}`).describe()
      expect(run.status.name).toBe('COMPLETED')
      expect(calls.made.at(-1)).toBe(`close ${yesterday} schedule daily-upi-aggregation`)
    })
  })

  test('waits for the run that is under way, and gives its result', async () => {
    const gate = Promise.withResolvers<undefined>()
    const calls = recorded(() => gate.promise)
    const date = dayThatEnded(Date.now())
    await withWorker(own.configFor(), calls.activities, async (client) => {
      const first = runDay(client, { date, actor: 'by hand' })
      await eventually(() => calls.made.length === 1)
      const second = tick(client)
      await eventually(() => calls.waits > 0)
      gate.resolve(undefined)
      expect(await second).toEqual(await first)
      expect(calls.made.filter((call) => call.startsWith('build'))).toHaveLength(1)
      expect(calls.made.at(-1)).toBe(`close ${date} by hand`)
    })
  })

  test.each([
    // As one does that began before midnight.
    ['leaves the day open', businessDateAt(Date.now()), undefined],
    ['fails', dayThatEnded(Date.now()), 'two bad rows'],
  ])('closes the day itself when the run that it met %s', async (_, built, fault) => {
    const gate = Promise.withResolvers<unknown>()
    const first = [gate.promise]
    const calls = recorded(() => first.shift())
    const date = dayThatEnded(Date.now())
    await withWorker(own.configFor(), calls.activities, async (client) => {
      const other = await client.workflow.start('dailyUpiAggregation', {
        workflowId: `daily-upi-aggregation/${date}`,
        taskQueue: own.name,
        args: [{ date: built, actor: 'by hand' }],
      })
      await eventually(() => calls.made.length === 1)
      const ticking = tick(client)
      await eventually(() => calls.waits > 0)
      gate.resolve(fault && ApplicationFailure.nonRetryable(fault, 'CHECK_FAILED'))
      expect(await ticking).toMatchObject({ date, state: 'closed' })
      expect(calls.made.at(-1)).toBe(`close ${date} schedule daily-upi-aggregation`)
      await other.result().catch(() => {})
    })
  })

  test('takes the date from the time at which it was due, not at which it runs', async () => {
    const [schedule] = SCHEDULES
    await withWorker(own.configFor(), recorded().activities, async (client) => {
      await applySchedule(client, schedule as (typeof SCHEDULES)[number], own.name)
      const handle = client.schedule.getHandle('daily-upi-aggregation')
      await handle.backfill({
        start: new Date('2026-01-31T18:00:00Z'),
        end: new Date('2026-02-02T18:00:00Z'),
        overlap: 'BUFFER_ALL',
      })
      for (const date of ['2026-01-31', '2026-02-01']) {
        const run = client.workflow.getHandle(`daily-upi-aggregation/${date}`)
        await eventually(async () => (await run.describe()).status.name === 'COMPLETED')
      }
    })
  })
})

describe('after an outage', () => {
  test('each day that was missed is made up for, once and in order', async () => {
    const [schedule] = SCHEDULES as [(typeof SCHEDULES)[number]]
    const calls = recorded()
    const temporal = await connectClient(need(own.configFor(), 'temporalAddress'))
    const handle = temporal.client.schedule.getHandle(schedule.id)
    // Nobody takes the ticks while the worker is away.
    await applySchedule(temporal.client, schedule, own.name)
    await handle.backfill({
      start: new Date('2026-03-01T18:00:00Z'),
      end: new Date('2026-03-03T20:00:00Z'),
      overlap: 'BUFFER_ALL',
    })
    await temporal.connection.close()
    await withWorker(own.configFor(), calls.activities, async () => {
      await eventually(() => calls.made.filter((call) => call.startsWith('close')).length === 3)
    })
    expect(calls.made.filter((call) => call.startsWith('build'))).toEqual(
      ['2026-03-01', '2026-03-02', '2026-03-03'].map(
        (date) => `build ${date} close schedule daily-upi-aggregation`,
      ),
    )
  })
})

async function runDay(
  client: Client,
  input: DailyUpiAggregationInput,
): Promise<DailyUpiAggregationResult> {
  return await client.workflow.execute('dailyUpiAggregation', {
    workflowId: `daily-upi-aggregation/${input.date}`,
    taskQueue: own.name,
    args: [input],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
  })
}

async function tick(client: Client): Promise<unknown> {
  return await client.workflow.execute('tick', {
    workflowId: 'tick/daily-upi-aggregation',
    taskQueue: own.name,
    args: [{ schedule: 'daily-upi-aggregation' }],
  })
}

/** Activities that note their calls; a build first waits for `before` and fails with what it gives. */
function recorded(before: () => unknown = () => undefined, lags: readonly number[] = []) {
  const made: string[] = []
  const left = [...lags]
  const calls = { made, waits: 0 }
  const activities: Partial<Activities> = {
    async measureLag({ spans = {} }) {
      const lag = left.shift() ?? 0
      if (lag > 0) made.push(`behind ${lag}`)
      return { spans, behind: lag > 0 ? { 0: lag } : {} }
    },
    async buildDay({ date, reason, actor }) {
      made.push(`build ${date} ${reason} ${actor}`)
      const fault = await before()
      if (fault !== undefined) throw fault
      return { runs: [] }
    },
    async reconcileSums({ from, to }) {
      made.push(`books ${from}..${to}`)
      return { state: 'broken', books: [] }
    },
    async closeDay({ date, actor }) {
      made.push(`close ${date} ${actor}`)
    },
    async awaitRun(input) {
      calls.waits += 1
      return await createRunActivities().awaitRun(input)
    },
  }
  return Object.assign(calls, { activities })
}
