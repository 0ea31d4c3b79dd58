import { expect, test } from 'vitest'
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../core/limits.ts'
import { aRecord } from '../test/fixtures/records.ts'
import { slices } from './slices.ts'

function lengths(records: Parameters<typeof slices>[0]): number[] {
  return [...slices(records)].map((slice) => slice.length)
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
  expect(lengths([before, before, after, before])).toEqual([2, 1, 1])
  expect(lengths([])).toEqual([])
})
