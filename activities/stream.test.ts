import { expect, test } from 'vitest'
import { createStreamActivities } from './stream.ts'

function lagOf(offsets: Record<string, bigint>) {
  const { measureLag } = createStreamActivities({
    readLog: async () => ({ 0: { start: '5', end: '10' }, 1: { start: '0', end: '0' } }),
    readOffsets: async () => new Map(Object.entries(offsets)),
  })
  return measureLag
}

test('the lag is what Kafka holds less what the stream has written', async () => {
  expect((await lagOf({ 0: 8n })({})).behind).toEqual({ 0: 2 })
  expect((await lagOf({ 0: 10n, 1: 0n })({})).behind).toEqual({})
})

test('a partition that was never read lags by all that its log still has', async () => {
  expect((await lagOf({})({})).behind).toEqual({ 0: 5 })
})

test('messages that came after the first look are not waited for', async () => {
  const spans = { 0: { start: '0', end: '7' } }
  expect(await lagOf({ 0: 8n })({ spans })).toEqual({ spans, behind: {} })
})

test('an offset beyond the end of its log, or of a partition that is gone, is no lag of nothing', async () => {
  await expect(lagOf({ 0: 11n })({})).rejects.toMatchObject({ code: 'OFFSET_LOST' })
  await expect(lagOf({ 2: 1n })({})).rejects.toThrow('partition 2 ends at 0 but 1 was stored')
})
