import { ApplicationFailure } from '@temporalio/activity'
import type { Client, WorkflowHandle } from '@temporalio/client'
import type { Activities } from '../activities/index.ts'
import { BACKFILL_DAYS_PER_RUN_MAX } from '../core/limits.ts'
import { addDays } from '../core/time.ts'
import { readProgress, tellBackfill } from '../platform/temporal-backfills.ts'
import { businessDateAt, dayThatEnded } from '../workflows/business-day.ts'
import { eventually } from './eventually.ts'
import { Gates, recordedDays } from './recorded-days.ts'

/** A run of a workflow that goes through its branches; its history is kept and replayed for ever. */
export interface Scene {
  readonly name: string
  readonly activities: Partial<Activities>
  /** Starts the run; its history is taken when it has ended. */
  readonly run: (client: Client, taskQueue: string) => Promise<WorkflowHandle>
}

const DAYS = ['2026-01-04', '2026-01-03', '2026-01-02', '2026-01-01']

const MANY_DAYS = Array.from({ length: BACKFILL_DAYS_PER_RUN_MAX + 3 }, (_, day) =>
  addDays('2025-01-01', day),
)

const NOTHING_REBUILT = {
  transactions: 5,
  minutes: 0,
  rulesVersion: 'rules',
  reasons: {},
  left: {},
} as const

const aBackup = {
  date: '2026-02-01',
  began_at: '2026-02-02T02:30:00.000Z',
  ended_at: '2026-02-02T02:31:00.000Z',
  cluster_bytes: 3_000_000,
  bytes: 1_000_000,
  system_id: '1',
  server_version: '18.4',
  timeline: 1,
  start_lsn: '0/2000028',
  stop_lsn: '0/2000120',
} as const

/** One for each workflow at least; a new workflow is added here and recorded with `npm run histories`. */
export const SCENES: readonly Scene[] = [
  {
    name: 'daily-upi-aggregation',
    activities: lagging([{ 0: 7 }, {}]),
    run: (client, taskQueue) =>
      client.workflow.start('dailyUpiAggregation', {
        ...{ taskQueue, workflowId: 'daily-upi-aggregation/2026-02-01' },
        args: [{ date: '2026-02-01', actor: 'asha' }],
      }),
  },
  {
    name: 'daily-upi-aggregation-of-a-backfill',
    activities: recordedDays({ plan: ['2026-02-02'] }).activities,
    run: async (client, taskQueue) => {
      await client.workflow.execute('backfillRange', {
        ...{ taskQueue, workflowId: 'backfill/2026-02-02..2026-02-02' },
        args: [{ from: '2026-02-02', to: '2026-02-02' }],
      })
      return client.workflow.getHandle('daily-upi-aggregation/2026-02-02')
    },
  },
  { name: 'backfill-range', ...pausedBackfill() },
  {
    // Its history is that of the last run.
    name: 'backfill-range-continued',
    activities: recordedDays({ plan: MANY_DAYS }).activities,
    run: async (client, taskQueue) => {
      const [from = '', to = ''] = [MANY_DAYS[0], MANY_DAYS.at(-1)]
      const handle = await client.workflow.start('backfillRange', {
        ...{ taskQueue, workflowId: `backfill/${from}..${to}` },
        args: [{ from, to, concurrency: 32 }],
      })
      await handle.result()
      return client.workflow.getHandle(handle.workflowId)
    },
  },
  {
    name: 'refresh-dirty',
    activities: {
      async refreshDirty() {
        return {
          built: [{ key: DAYS[0] as string, changed: true, seconds: 1 }],
          failed: [],
          waiting: [],
        }
      },
    },
    run: (client, taskQueue) =>
      client.workflow.start('refreshDirty', { taskQueue, workflowId: 'refresh-dirty' }),
  },
  {
    name: 'backup',
    activities: {
      async takeBackup({ date }) {
        return { ...aBackup, name: date, state: 'made' }
      },
      async removeOldBackups() {
        return ['2026-01-01']
      },
    },
    run: (client, taskQueue) =>
      client.workflow.start('backup', {
        ...{ taskQueue, workflowId: 'backup/2026-02-01' },
        args: [{ date: '2026-02-01' }],
      }),
  },
  {
    name: 'enforce-retention',
    activities: {
      async findExpiredDays() {
        return { keepFrom: '2026-01-03', waiting: 2, oldest: '2026-01-01' }
      },
    },
    run: (client, taskQueue) =>
      client.workflow.start('enforceRetention', {
        ...{ taskQueue, workflowId: 'enforce-retention/2026-02-01' },
        args: [{ date: '2026-02-01' }],
      }),
  },
  {
    name: 'reconcile',
    activities: {
      async reconcileRange() {
        return { state: 'balanced', books: [] }
      },
    },
    run: (client, taskQueue) =>
      client.workflow.start('reconcile', {
        ...{ taskQueue, workflowId: 'reconcile/2026-02-01..2026-02-03' },
        args: [{ from: '2026-02-01', to: '2026-02-03' }],
      }),
  },
  {
    name: 'rebuild-clean',
    activities: {
      ...recordedDays({ plan: [] }).activities,
      noteRun,
      async rebuildDay({ date }) {
        return { ...NOTHING_REBUILT, date, changed: 1, days: [date] }
      },
    },
    run: (client, taskQueue) =>
      client.workflow.start('rebuildClean', {
        ...{ taskQueue, workflowId: 'rebuild-clean/2026-02-01..2026-02-02' },
        args: [{ from: '2026-02-01', to: '2026-02-02', actor: 'asha' }],
      }),
  },
  {
    name: 'replay-rejected',
    activities: { noteRun, replayStep: twoLetters() },
    run: (client, taskQueue) =>
      client.workflow.start('replayRejected', {
        ...{ taskQueue, workflowId: 'replay-rejected/2026-02-02T10:00:00Z' },
        args: [{ code: 'AMOUNT_OVER_LIMIT', actor: 'asha' }],
      }),
  },
  {
    name: 'tick',
    activities: recordedDays({ plan: [] }).activities,
    run: (client, taskQueue) =>
      client.workflow.start('tick', {
        ...{ taskQueue, workflowId: 'tick/daily-upi-aggregation' },
        args: [{ schedule: 'daily-upi-aggregation' }],
      }),
  },
  { name: 'tick-that-met-another', ...metProvisional() },
]

async function noteRun() {
  return { at: '2026-02-02T10:00:00.000Z' }
}

// Two letters of the first page, and no second page.
function twoLetters(): Activities['replayStep'] {
  return async ({ after }) => {
    if (after !== undefined) return { letters: [] }
    const place = { topic: 'upi_transactions', epoch: 0, partition: 0 }
    const code = 'AMOUNT_OVER_LIMIT'
    return {
      letters: [
        { ...place, offset: '7', code, outcome: 'accepted', reasons: [] },
        { ...place, offset: '9', code, outcome: 'rejected', reasons: [code] },
      ],
    }
  }
}

function lagging(lags: readonly Record<string, number>[]): Partial<Activities> {
  const left = [...lags]
  return {
    ...recordedDays({ plan: [] }).activities,
    async measureLag({ spans = {} }) {
      return { spans, behind: left.shift() ?? {} }
    },
  }
}

// The run that it meets began before its day was over, and leaves it open.
function metProvisional(): Omit<Scene, 'name'> {
  const gates = new Gates()
  const calls = recordedDays({ plan: [], before: gates.wait })
  return {
    activities: calls.activities,
    run: async (client, taskQueue) => {
      const now = Date.now()
      await client.workflow.start('dailyUpiAggregation', {
        ...{ taskQueue, workflowId: `daily-upi-aggregation/${dayThatEnded(now)}` },
        args: [{ date: businessDateAt(now) }],
      })
      await eventually(() => gates.waiting.length === 1)
      const handle = await client.workflow.start('tick', {
        ...{ taskQueue, workflowId: 'tick/daily-upi-aggregation' },
        args: [{ schedule: 'daily-upi-aggregation' }],
      })
      await eventually(() => calls.waits > 0)
      gates.openAll()
      return handle
    },
  }
}

// One day is empty, one fails; it is paused, gets another concurrency and goes on.
function pausedBackfill(): Omit<Scene, 'name'> {
  const gates = new Gates()
  const broken = ApplicationFailure.nonRetryable('two bad rows', 'CHECK_FAILED')
  const before = async (date: string, signal: AbortSignal) => {
    await gates.wait(date, signal)
    return date === DAYS[2] ? broken : undefined
  }
  return {
    activities: recordedDays({ plan: DAYS, empty: DAYS.slice(1, 2), before }).activities,
    run: async (client, taskQueue) => {
      const handle = await client.workflow.start('backfillRange', {
        ...{ taskQueue, workflowId: 'backfill/2026-01-01..2026-01-04' },
        args: [{ from: DAYS[3] as string, to: DAYS[0] as string, concurrency: 1 }],
      })
      await eventually(() => gates.waiting.length === 1)
      await tellBackfill(handle, 'pause')
      await tellBackfill(handle, 'setConcurrency', 2)
      gates.openAll()
      await eventually(async () => (await readProgress(handle)).done === 1)
      await tellBackfill(handle, 'resume')
      return handle
    },
  }
}
