import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { faultsOf } from '../../test/fixtures/formats.ts'
import { makeGraph } from '../engine/graph.ts'
import { MODELS } from '../index.ts'
import { catalogOf, type Found } from './dbt-catalog.ts'
import { manifestOf } from './dbt-manifest.ts'
import { type LastRun, runResultsOf } from './dbt-run-results.ts'

const graph = makeGraph(MODELS)
const place = { database: 'upi', schema: 'public' }
const made = { at: '2026-02-02T00:00:00.000Z', by: '0194c3a0-0000-7000-8000-000000000001' }
const manifest = manifestOf(graph, place, made)

const built: LastRun = {
  model: 'daily_upi_summary',
  date: '2026-02-01',
  until: '2026-02-02',
  changed: 3,
  seconds: 0.5,
  error: null,
  badRows: 0,
  finishedAt: new Date('2026-02-02T00:00:01Z'),
}
const failed: LastRun = {
  ...built,
  date: '2026-02-02',
  until: '2026-02-03',
  changed: 0,
  error: 'total_txns: at least 0: 2 bad rows',
  badRows: 2,
}

describe('manifest', () => {
  test('is one of version 12', () => expect(faultsOf('dbt-manifest-v12', manifest)).toEqual([]))

  test('a misspelt field is noticed', () => {
    expect(faultsOf('dbt-manifest-v12', { ...manifest, node: {} })).not.toEqual([])
  })

  test('names each model by its file, its query and what it reads', () => {
    for (const { name } of MODELS) {
      const node = manifest.nodes[`model.upi.${name}`]
      expect(node?.compiled_code).toMatch(/^(select|with)\b/)
      expect(node?.compiled_code).not.toMatch(/\$\d/)
      expect(existsSync(join(import.meta.dirname, '../..', `${node?.original_file_path}`))).toBe(
        true,
      )
    }
    expect(manifest.nodes['model.upi.daily_upi_summary']).toMatchObject({
      relation_name: '"upi"."public"."daily_upi_summary"',
      config: { materialized: 'incremental', unique_key: ['date'], event_time: 'date' },
      fqn: ['upi', 'marts', 'daily_upi_summary'],
      refs: [{ name: 'stg_upi_transactions' }, { name: 'fact_upi_aggregates' }],
    })
    expect(manifest.sources).toHaveProperty([
      'source.upi.stream.clean_upi_transactions',
      'relation_name',
    ])
  })

  test('every node reads what is there, and is among the children of what it reads', () => {
    const ids = [...Object.keys(manifest.nodes), ...Object.keys(manifest.sources)]
    for (const [id, parents] of Object.entries(manifest.parent_map)) {
      expect(ids).toContain(id)
      for (const parent of parents) expect(manifest.child_map[parent]).toContain(id)
    }
  })

  test('each promise is a test with a query of its own', () => {
    const tests = Object.keys(manifest.nodes).filter((id) => id.startsWith('test.'))
    expect(tests).toContain('test.upi.not_null_daily_upi_summary_total_txns')
    expect(tests).toContain('test.upi.unique_daily_upi_summary_date')
    const agrees = 'test.upi.daily_upi_summary_agrees_with_fact_upi_aggregates'
    expect(manifest.nodes[agrees]?.depends_on.nodes).toEqual([
      'model.upi.daily_upi_summary',
      'model.upi.fact_upi_aggregates',
    ])
    expect(manifest.nodes['test.upi.daily_upi_summary_outcomes_add_up']).toMatchObject({
      test_metadata: { name: 'expression_is_true', namespace: 'dbt_utils' },
      attached_node: 'model.upi.daily_upi_summary',
    })
  })
})

describe('catalog', () => {
  const found: Found[] = [
    {
      name: 'daily_upi_summary',
      type: 'BASE TABLE',
      owner: 'upi_transform',
      comment: 'Days.',
      columns: [{ name: 'date', type: 'date', comment: 'Business date.' }],
      rows: 30,
      bytes: 16_384,
    },
    {
      name: 'clean_upi_transactions',
      type: 'BASE TABLE',
      owner: 'upi',
      comment: null,
      columns: [{ name: 'txn_id', type: 'text', comment: null }],
      rows: null,
      bytes: null,
    },
  ]
  const catalog = catalogOf(graph, found, place, made)

  test('is one of version 1', () => expect(faultsOf('dbt-catalog-v1', catalog)).toEqual([]))

  test('holds what the database has, and no more', () => {
    expect(Object.keys(catalog.nodes)).toEqual(['model.upi.daily_upi_summary'])
    expect(catalog.nodes['model.upi.daily_upi_summary']).toMatchObject({
      columns: { date: { index: 1, type: 'date' } },
      stats: { row_count: { value: 30 }, has_stats: { value: true } },
    })
    expect(Object.values(catalog.sources)).toMatchObject([
      { stats: { has_stats: { value: false } } },
    ])
  })
})

describe('run results', () => {
  test('are of version 6', () => {
    const results = runResultsOf(graph, [built, failed], place, made)
    expect(faultsOf('dbt-run-results-v6', results)).toEqual([])
    const names = new Set(Object.keys(manifest.nodes))
    expect(results.results.filter(({ unique_id }) => !names.has(unique_id))).toEqual([])
  })

  test('days are batches, and the check that failed is the one that is named', () => {
    const { results } = runResultsOf(graph, [built, failed], place, made)
    const byId = new Map(results.map((result) => [result.unique_id, result]))
    expect(byId.get('model.upi.daily_upi_summary')).toMatchObject({
      status: 'partial success',
      batch_results: {
        successful: [['2026-02-01', '2026-02-02']],
        failed: [['2026-02-02', '2026-02-03']],
      },
    })
    expect(byId.get('test.upi.daily_upi_summary_total_txns_at_least_0')).toMatchObject({
      status: 'fail',
      failures: 2,
    })
    expect(byId.get('test.upi.unique_daily_upi_summary_date')).toMatchObject({ status: 'skipped' })
    const { results: fine } = runResultsOf(graph, [built], place, made)
    expect(new Set(fine.map(({ status }) => status))).toEqual(new Set(['success', 'pass']))
  })

  test('sums over another mart are told when they differ, for else they may not have been compared', () => {
    const id = 'test.upi.daily_upi_summary_agrees_with_fact_upi_aggregates'
    const error = 'agrees with fact_upi_aggregates'
    const statuses = (run: LastRun) =>
      runResultsOf(graph, [run], place, made)
        .results.filter(({ unique_id }) => unique_id === id)
        .map(({ status }) => status)
    expect(statuses(built)).toEqual([])
    expect(statuses({ ...failed, error })).toEqual(['fail'])
  })
})
