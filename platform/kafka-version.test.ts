import { expect, test } from 'vitest'
import { readVersions } from './kafka-version.ts'

test('an answer tells the versions of each request', () => {
  // Size, correlation, no error, two requests: Produce 0 to 12, Fetch 4 to 18.
  const bytes = Buffer.from(
    '00000016' + '00000001' + '0000' + '00000002' + '00000000000c' + '000100040012',
    'hex',
  )
  expect([...readVersions(bytes)]).toEqual([
    [0, { min: 0, max: 12 }],
    [1, { min: 4, max: 18 }],
  ])
})
