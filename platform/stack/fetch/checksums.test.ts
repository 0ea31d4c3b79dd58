import { expect, test } from 'vitest'
import { STACK_VERSIONS } from '../settings.ts'
import { compareChecksums, pinnedChecksums } from './checksums.ts'

test('equal files are fine; a missing, an extra and a changed one are named', () => {
  expect(compareChecksums({ a: '1' }, { a: '1' })).toEqual([])
  expect(compareChecksums({ a: '1', b: '2' }, { a: '9', c: '3' })).toEqual([
    'a differs',
    'b is missing',
    'c is not expected',
  ])
})

test('the pinned versions are the ones that the stack runs', () => {
  const pinned = pinnedChecksums()
  expect(Object.keys(pinned)).toEqual([
    `kafka-${STACK_VERSIONS.kafka}`,
    `registry-${STACK_VERSIONS.registry}`,
  ])
  for (const sum of Object.values(pinned).flatMap(Object.values)) {
    expect(sum).toMatch(/^[0-9a-f]{64}$/)
  }
})
