import { expect, test } from 'vitest'
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../core/limits.ts'
import { aRecord, KAFKA_MILLIS } from '../test/fixtures/records.ts'
import type { KafkaRecord } from './processor.ts'
import { type Slice, type Stretch, slices, upTo } from './slices.ts'

function aStretch(records: KafkaRecord[], over: Partial<Stretch> = {}): Stretch {
  const numbered = records.map((record, i) => ({ ...record, offset: String(i) }))
  const next = BigInt(records.length)
  return { from: 0n, next, records: numbered, latestMs: KAFKA_MILLIS, ...over }
}

function cut(stretch: Stretch): Slice[] {
  return [...slices(stretch)]
}

function lengths(records: KafkaRecord[]): number[] {
  return cut(aStretch(records)).map((slice) => slice.records.length)
}

test('a batch is bounded in rows', () => {
  const records = Array.from({ length: BATCH_ROWS_MAX + 1 }, () => aRecord('x'))
  expect(lengths(records)).toEqual([BATCH_ROWS_MAX, 1])
})

test('a batch is bounded in bytes, though one record may be larger', () => {
  const half = aRecord(Buffer.alloc(BATCH_BYTES_MAX / 2))
  const huge = aRecord(Buffer.alloc(BATCH_BYTES_MAX + 1))
  expect(lengths([half, half, half, huge, half])).toEqual([2, 1, 1, 1])
})

test('a batch is of one UTC day', () => {
  const at = (time: string) => ({ ...aRecord('x'), timestampMs: Date.parse(time) })
  const [before, after] = [at('2026-02-01T23:59:59.999Z'), at('2026-02-02T00:00:00Z')]
  const cuts = cut(aStretch([before, before, after, before]))
  expect(cuts.map(({ rawDay }) => rawDay)).toEqual(['2026-02-01', '2026-02-02', '2026-02-01'])
  expect(cuts.map(({ records }) => records.length)).toEqual([2, 1, 1])
})

test('slices cover a stretch without a gap, markers included', () => {
  const day = Date.parse('2026-02-02T00:00:00Z')
  const records = [aRecord('x'), { ...aRecord('x'), timestampMs: day }]
  const cuts = cut(aStretch(records, { next: 5n, latestMs: day + 7 }))
  expect(cuts).toMatchObject([
    { from: 0n, next: 1n, latestMs: KAFKA_MILLIS },
    { from: 1n, next: 5n, latestMs: day + 7 },
  ])
})

test('a stretch of markers alone is a slice without records', () => {
  expect(cut(aStretch([], { from: 7n, next: 9n }))).toEqual([
    { from: 7n, next: 9n, records: [], latestMs: KAFKA_MILLIS, rawDay: '2026-02-01' },
  ])
})

test('a stretch can be cut off at an offset', () => {
  const stretch = aStretch([aRecord('a'), aRecord('b'), aRecord('c')])
  expect(upTo(undefined, stretch)).toBe(stretch)
  expect(upTo(3n, stretch)).toBe(stretch)
  expect(upTo(2n, stretch)).toMatchObject({ next: 2n, records: [{}, {}] })
})
