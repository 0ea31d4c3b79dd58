import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { makeGraph } from '../models/engine/graph.ts'
import { selectModels } from '../models/engine/select.ts'
import { MODELS } from '../models/index.ts'
import { treeLines } from './draw-graph.ts'

const graph = makeGraph(MODELS)
const linesOf = (...selections: string[]) =>
  treeLines(selectModels(graph, selections)).map(stripVTControlCharacters)

test('the tree has each model once, under what it reads last', () => {
  expect(linesOf('+daily_upi_summary')).toEqual([
    'clean_upi_transactions source',
    '└─ stg_upi_transactions view',
    '   └─ fact_upi_aggregates by day',
    '      └─ daily_upi_summary by day, reads stg_upi_transactions too',
  ])
  const all = linesOf().join('\n')
  for (const { name } of graph.models) {
    expect(all.match(new RegExp(`─ ${name} `, 'g')), name).toHaveLength(1)
  }
})

test('what was not chosen is there if it is read', () => {
  expect(linesOf('fact_upi_aggregates')).toEqual([
    'stg_upi_transactions view',
    '└─ fact_upi_aggregates by day',
  ])
})
