import { Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { aFields, aRecord, KAFKA_MILLIS, RULES } from '../test/fixtures/records.ts'
import type { WrittenBatch } from './lane.ts'
import { groupByTransaction } from './merge-batch.ts'
import { StreamMetrics } from './metrics.ts'
import { runPipeline } from './run-pipeline.ts'
import { WeightedHistogram } from './weighted-histogram.ts'

test('a weighted histogram says what one would that is told of every value', async () => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const options = { name: 'upi_took_seconds', help: 'How long\nit took.', buckets: [0.5, 1, 2.5] }
  const weighted = new WeightedHistogram(options.name, options, ours)
  const single = new Histogram({ ...options, registers: [theirs] })
  expect(await ours.metrics()).toBe(await theirs.metrics())
  for (const [value, times] of [
    [0, 3],
    [0.5, 2],
    [0.75, 1],
    [2.5, 4],
    [3, 5],
  ] as const) {
    weighted.observe(value, times)
    for (let i = 0; i < times; i++) single.observe(value)
  }
  expect(await ours.metrics()).toBe(await theirs.metrics())
})

function aBatch(values: readonly unknown[], books: Partial<WrittenBatch['books']>): WrittenBatch {
  const records = values.map((value, index) => ({ ...aRecord(value), offset: String(index) }))
  const empty = Buffer.alloc(0)
  const counts = { inserted: 0, merged: 0, duplicate: 0, conflicting: 0, pending: 0, absorbed: 0 }
  const rest = { accepted: 0, rejected: 0, gaps: 0, warnings: 0, statusConflicts: 0, alone: 0 }
  return {
    batch: {
      partition: 1,
      epoch: 0,
      from: 0n,
      next: BigInt(values.length),
      rawDay: '2026-02-01',
      latestMs: KAFKA_MILLIS,
      outcome: runPipeline(records, RULES),
      raw: empty,
      rejected: empty,
      transactions: groupByTransaction([]),
      isKeyed: true,
    },
    books: {
      messages: values.length,
      ...counts,
      ...rest,
      findMs: 1,
      mergeMs: 2,
      commitMs: 3,
      ...books,
    },
    prepareMs: 4,
    turnMs: 5,
    writeMs: 6,
  }
}

test('what Postgres would not have is counted as INTERNAL, beside what broke a rule', async () => {
  const metrics = new StreamMetrics({ version: '1', rules: '1-a' })
  metrics.noteBatch(aBatch([aFields(), aFields({ amount: '-1' }), null, null], { rejected: 4 }))
  const text = await metrics.registry.metrics()
  expect(text).toContain('upi_stream_rejected_total{code="EMPTY"} 2\n')
  expect(text).toContain('upi_stream_rejected_total{code="AMOUNT_NOT_POSITIVE"} 1\n')
  expect(text).toContain('upi_stream_rejected_total{code="INTERNAL"} 1\n')
  expect(text).toContain('upi_stream_rejected_total{code="NOT_JSON"} 0\n')
  expect(text).toContain('upi_stream_latency_seconds_count 4\n')
  expect(text).toContain('upi_stream_batch_step_seconds_sum{step="turn"} 0.005\n')
  expect(text).toContain('upi_stream_write_step_seconds_sum{step="commit"} 0.003\n')
})

test('a gauge leaves out what is gone, and what nobody knows', async () => {
  const metrics = new StreamMetrics({ version: '1', rules: '1-a' })
  const lags = new Map([[0, 7]])
  metrics.gauge('upi_stream_lag_messages', () =>
    [...lags].map(([partition, lag]) => [lag, { partition }] as const),
  )
  metrics.gauge('upi_stream_dead_letters_waiting', () => [])
  expect(await metrics.registry.metrics()).toContain('upi_stream_lag_messages{partition="0"} 7\n')
  lags.delete(0)
  lags.set(1, 2)
  const text = await metrics.registry.metrics()
  expect(text).toContain('upi_stream_lag_messages{partition="1"} 2\n')
  expect(text).not.toMatch(/^upi_stream_(lag_messages\{partition="0"|dead_letters_waiting )/m)
})
