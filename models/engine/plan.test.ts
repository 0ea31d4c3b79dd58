import { describe, expect, test } from 'vitest'
import { MODELS } from '../index.ts'
import { explain } from './explain.ts'
import { makeGraph } from './graph.ts'
import { planDays } from './plan.ts'

const graph = makeGraph(MODELS)
const present = new Map(graph.models.map((model) => [model.name, graph.fingerprintOf(model)]))
const nothingArchived = new Set<string>()
const wanted = { dates: ['2026-02-01', '2026-02-02'], reason: 'asked' }

describe('A plan of days', () => {
  test('builds each day, and nothing else when the views are as they should be', () => {
    const steps = planDays(graph, wanted, { views: present, archived: nothingArchived })
    expect(explain(steps)).toEqual([
      'build 2026-02-01 (asked): daily_upi_summary',
      'build 2026-02-02 (asked): daily_upi_summary',
    ])
  })

  test('makes views first that are missing or of another query', () => {
    for (const views of [new Map(), new Map([['stg_upi_transactions', 'other']])]) {
      const steps = planDays(graph, wanted, { views, archived: nothingArchived })
      expect(explain(steps)[0]).toBe('make views: stg_upi_transactions')
    }
  })

  test('leaves a day alone whose rows are in the lake', () => {
    const archived = new Set(['2026-02-01'])
    const steps = planDays(graph, wanted, { views: present, archived })
    expect(explain(steps)[0]).toBe('skip 2026-02-01: archived')
  })
})
