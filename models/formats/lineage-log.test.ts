import { describe, expect, test } from 'vitest'
import { faultsOf } from '../../test/fixtures/formats.ts'
import type { Model } from '../engine/define-model.ts'
import { makeGraph } from '../engine/graph.ts'
import type { Step } from '../engine/plan.ts'
import { MODELS } from '../index.ts'
import { LineageLog } from './lineage-log.ts'
import type { LineageEvent } from './open-lineage.ts'

const graph = makeGraph(MODELS)
const day: Step = {
  kind: 'day',
  date: '2026-02-01',
  models: graph.models.filter(({ kind }) => kind === 'by day').map(stamped),
  reason: 'rows changed',
}
const names = day.models.map(({ model }) => model.name)
const runs = names.map((model) => ({ model, inserted: 1, updated: 2, unchanged: 4 }))

describe('a run as events', () => {
  test('of each build one start and one end, all under the run of the command', () => {
    const events = told((log) => {
      log.planned([day])
      log.started(day)
      log.ended(day, { runs })
      log.closed()
    })
    expect(events.flatMap((event) => faultsOf('openlineage-2-0-2', event))).toEqual([])
    const [first, view, ...rest] = events
    expect(first).toMatchObject({ eventType: 'START', job: { name: 'upi.models_run' } })
    expect(view).toMatchObject({ job: { name: 'upi.stg_upi_transactions' } })
    expect(view).not.toHaveProperty('run')
    expect(rest.map((event) => event.eventType)).toEqual([
      ...names.map(() => 'START'),
      ...names.map(() => 'COMPLETE'),
      'COMPLETE',
    ])
    const ids = (type: string) =>
      events.flatMap(({ eventType, run }) => (eventType === type ? [run?.runId] : []))
    expect(ids('START').toSorted()).toEqual(ids('COMPLETE').toSorted())
    expect(new Set(ids('START')).size).toBe(names.length + 1)
  })

  test('an end tells day, rows, columns and checks', () => {
    const events = told((log) => {
      log.planned([day])
      log.started(day)
      log.ended(day, { runs })
    })
    const end = events.find(
      ({ eventType, job }) => eventType === 'COMPLETE' && job.name === 'upi.daily_upi_summary',
    )
    expect(end).toMatchObject({
      run: {
        facets: {
          nominalTime: {
            nominalStartTime: '2026-01-31T18:30:00.000Z',
            nominalEndTime: '2026-02-01T18:30:00.000Z',
          },
          test: { tests: expect.arrayContaining([expect.objectContaining({ status: 'pass' })]) },
        },
      },
      inputs: [
        { namespace: 'postgres://db:5432', name: 'upi.public.stg_upi_transactions' },
        { name: 'upi.public.fact_upi_aggregates' },
      ],
      outputs: [
        {
          name: 'upi.public.daily_upi_summary',
          facets: {
            columnLineage: {
              fields: {
                unique_payers: {
                  inputFields: [
                    {
                      name: 'upi.public.fact_upi_aggregates',
                      field: 'unique_payers',
                      transformations: [{ type: 'DIRECT', subtype: 'IDENTITY' }],
                    },
                  ],
                },
              },
            },
          },
          outputFacets: { outputStatistics: { rowCount: 7 } },
        },
      ],
    })
  })

  test('a day that is refused fails by the model that broke its promise; the others are undone', () => {
    const error = 'total_txns: at least 0: 2 bad rows'
    const events = told((log) => {
      log.planned([day])
      log.started(day)
      log.ended(day, { runs: [], failure: { model: 'daily_upi_summary', error } })
      log.closed()
    })
    expect(events.flatMap((event) => faultsOf('openlineage-2-0-2', event))).toEqual([])
    const ends = events.filter(({ eventType }) => eventType === 'FAIL' || eventType === 'ABORT')
    expect(ends).toHaveLength(names.length + 1)
    expect(ends.at(-1)).toMatchObject({ eventType: 'FAIL', job: { name: 'upi.models_run' } })
    const failed = ends.find(({ job }) => job.name === 'upi.daily_upi_summary')
    expect(failed?.run?.facets.errorMessage).toMatchObject({ message: error })
    const tests = Object(failed?.run?.facets.test).tests as { name: string; status: string }[]
    const broken = tests.filter(({ status }) => status === 'fail')
    expect(broken).toMatchObject([{ name: 'total_txns: at least 0' }])
    expect(tests.some(({ status }) => status === 'pass')).toBe(false)
  })

  test('a run that breaks off ends what is open', () => {
    const events = told((log) => {
      log.planned([day, day])
      log.started(day)
      log.closed()
    })
    const aborted = events.filter(({ eventType }) => eventType === 'ABORT')
    expect(aborted).toHaveLength(names.length + 1)
  })

  test('nothing to do is nothing to tell', () => {
    const events = told((log) => {
      log.planned([])
      log.closed()
    })
    expect(events).toEqual([])
  })
})

function told(work: (log: LineageLog) => void): LineageEvent[] {
  const events: LineageEvent[] = []
  let ids = 0
  const newId = () => {
    ids += 1
    return `0194c3a0-0000-7000-8000-${String(ids).padStart(12, '0')}`
  }
  const context = {
    namespace: 'upi',
    datasets: 'postgres://db:5432',
    place: { database: 'upi', schema: 'public' },
    version: '18.4',
    runId: newId(),
  }
  const now = () => new Date('2026-02-02T00:00:00Z')
  work(new LineageLog(context, { newId, now, send: (event) => events.push(event) }))
  return events
}

function stamped(model: Model) {
  return { model, fingerprint: graph.fingerprintOf(model) }
}
