import { describe, expect, test } from 'vitest'
import { MODELS } from '../index.ts'
import { daily_upi_summary } from '../marts/daily_upi_summary.ts'
import { dim_merchants } from '../marts/dim_merchants.ts'
import { fact_upi_aggregates } from '../marts/fact_upi_aggregates.ts'
import { totalsChecks } from './audit.ts'
import type { Model, TotalsCheck } from './define-model.ts'
import { makeGraph } from './graph.ts'
import type { Built, Warehouse } from './plan.ts'
import { standingOf } from './standing.ts'

const graph = makeGraph(MODELS)
const DAYS = ['2026-02-01', '2026-02-02', '2026-02-03']
const checkOf = (model: Model, name: string) =>
  totalsChecks(model, new Set(graph.models.map((each) => each.name))).find(
    (check) => check.name === name,
  ) as TotalsCheck
const ofClean = checkOf(fact_upi_aggregates, 'money as in clean')
const ofFact = checkOf(daily_upi_summary, 'agrees with fact_upi_aggregates')
const ofMerchants = checkOf(dim_merchants, 'agrees with merchant_upi_summary')

describe('Sums are compared', () => {
  test('on all days that are held, within the range', () => {
    expect(standingOf(graph, aWarehouse()).comparable(fact_upi_aggregates, ofClean)).toEqual(DAYS)
    const range = { from: '2026-02-02', to: '2026-02-28' }
    const standing = standingOf(graph, aWarehouse(), range)
    expect(standing.comparable(fact_upi_aggregates, ofClean)).toEqual(DAYS.slice(1))
    expect(standing.comparable(dim_merchants, ofMerchants)).toBe('all')
  })

  test('not on days that either side is about to build', () => {
    const marked = new Map([['fact_upi_aggregates', new Set(['2026-02-02'])]])
    const standing = standingOf(graph, aWarehouse({ marked }))
    expect(standing.pendingOf(fact_upi_aggregates)).toEqual(['2026-02-02'])
    expect(standing.comparable(daily_upi_summary, ofFact)).toEqual(['2026-02-01', '2026-02-03'])
    const behind = new Map([['merchant_upi_summary', new Set(['2026-02-02'])]])
    const dim = standingOf(graph, aWarehouse({ marked: behind }))
    expect(dim.comparable(dim_merchants, ofMerchants)).toEqual([])
  })

  test('with clean only where its rows still are', () => {
    const standing = standingOf(graph, aWarehouse({ archived: new Set(['2026-02-01']) }))
    expect(standing.comparable(fact_upi_aggregates, ofClean)).toEqual(DAYS.slice(1))
    expect(standing.comparable(daily_upi_summary, ofFact)).toEqual(DAYS)
  })
})

/** Three days that are built and as they should be. */
function aWarehouse(changes: Partial<Warehouse> = {}): Warehouse {
  const built = graph.models.map((model): [string, Map<string, Built>] => {
    const dates = model.kind === 'by day' ? DAYS : ['']
    const fingerprint = graph.fingerprintOf(model)
    return [model.name, new Map(dates.map((date) => [date, { fingerprint, state: 'built' }]))]
  })
  return {
    views: new Map(graph.models.map((model) => [model.name, graph.fingerprintOf(model)])),
    tables: new Map(
      graph.models.map((model) => [
        model.name,
        { shape: graph.shapeOf(model), columns: new Map(), required: new Set(), key: [] },
      ]),
    ),
    built: new Map(built),
    marked: new Map(),
    days: new Set(DAYS),
    archived: new Set(),
    stale: new Set(),
    ...changes,
  }
}
