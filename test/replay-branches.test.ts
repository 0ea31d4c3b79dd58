import { ApplicationFailure } from '@temporalio/common'
import { expect, test } from 'vitest'
import type { Activities, RebuiltDay, ReplayedLetter } from '../activities/index.ts'
import { useStack } from './harness.ts'
import { withWorker } from './temporal-worker.ts'

const own = useStack('namespace')
const letter = (offset: number, outcome: ReplayedLetter['outcome'] = 'accepted') => ({
  topic: 't',
  epoch: 0,
  partition: 0,
  offset: String(offset),
  code: 'NOT_JSON',
  outcome,
  reasons: outcome === 'rejected' ? ['EMPTY'] : [],
})

async function run(workflow: string, activities: Partial<Activities>, input: object) {
  let result: unknown
  await withWorker(own.configFor(), activities, async (client) => {
    const workflowId = `${workflow}/${crypto.randomUUID()}`
    result = await client.workflow.execute(workflow, {
      workflowId,
      taskQueue: own.name,
      args: [input],
    })
  })
  return result
}

const noteRun: Activities['noteRun'] = async () => ({ at: '2026-02-01T00:00:00.000Z' })

test('a replay goes on after the last letter, up to its limit, and waits for what is away', async () => {
  const asked: unknown[] = []
  const steps = [[letter(1), letter(2, 'rejected')], new Error('away'), [letter(3)]]
  const result = await run(
    'replayRejected',
    {
      noteRun,
      async replayStep({ after, limit, filter, dryRun }) {
        asked.push([after?.offset, limit, filter.until, dryRun])
        const step = steps.shift() ?? []
        if (step instanceof Error) throw ApplicationFailure.create({ message: 'away' })
        return { letters: step }
      },
    },
    { limit: 3 },
  )
  const until = '2026-02-01T00:00:00.000Z'
  expect(asked).toEqual([
    [undefined, 3, until, false],
    ['2', 1, until, false],
    ['2', 1, until, false],
  ])
  expect(result).toMatchObject({
    letters: 3,
    counts: [
      { outcome: 'accepted', reason: null, letters: 2 },
      { outcome: 'rejected', reason: 'EMPTY', letters: 1 },
    ],
  })
})

test('wrong filters are refused', async () => {
  const wrong = [
    ...[{ from: 'monday' }, { from: 20260201 }, { limit: 0 }, { code: 'no code' }],
    ...[{ ids: [{ topic: 't' }] }, { ids: [null] }, { ids: 'all' }],
    { progress: { until: '2026-02-02T10:00:00.000Z', letters: 0, counts: [], first: [] } },
  ]
  for (const input of wrong) {
    await expect(run('replayRejected', { noteRun }, input)).rejects.toMatchObject({
      cause: { type: 'OPTION_INVALID' },
    })
  }
})

test('a rebuild builds each day once whose rows have changed, and none when it only looks', async () => {
  const built: string[] = []
  const activities: Partial<Activities> = {
    noteRun,
    async rebuildDay({ date }) {
      const days = date === '2026-02-01' ? ['2026-01-31', date] : ['2026-01-31']
      return { date, days, changed: 1, reasons: {}, left: {}, minutes: 0 } as unknown as RebuiltDay
    },
    async buildDay({ date, reason, actor }) {
      built.push(`${date} ${reason} ${actor}`)
      return { runs: [] } as never
    },
  }
  const range = { from: '2026-01-31', to: '2026-02-01', actor: 'meera' }
  expect(await run('rebuildClean', activities, { ...range, dryRun: true })).toMatchObject({
    built: [],
  })
  expect(built).toEqual([])
  await run('rebuildClean', activities, range)
  expect(built).toEqual(['2026-01-31 rebuild meera', '2026-02-01 rebuild meera'])
})
