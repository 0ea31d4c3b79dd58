import { expect, test } from 'vitest'
import { behindText } from './await-stream.ts'

test('each partition that lags is named, with what it lags', () => {
  expect(behindText('2026-02-01', { 0: 7, 2: 5 })).toBe(
    '2026-02-01 is not closed: the stream is behind by 12 messages (7 in partition 0, 5 in partition 2); ' +
      'fix: see ./upi status and ./upi logs stream',
  )
})
