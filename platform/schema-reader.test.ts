import { expect, test } from 'vitest'
import { SCHEMAS_ASKED_PER_SECOND_MAX } from '../core/limits.ts'
import type { Registry } from './registry.ts'
import { createSchemaReader } from './schema-reader.ts'

test('a flood of made-up ids reaches the registry at a bounded rate, and all get their answer', async () => {
  const count = SCHEMAS_ASKED_PER_SECOND_MAX / 5
  let asked = 0
  const registry = {
    url: '',
    ask: async () => {
      asked += 1
      return { status: 404, body: {} }
    },
  } as unknown as Registry
  const reader = createSchemaReader(registry)
  const began = performance.now()
  const ids = Array.from({ length: count }, (_, id) => id)
  const found = await Promise.all([...ids, ...ids].map((id) => reader.load(id)))
  expect(found.every(({ type }) => type === 'UNKNOWN')).toBe(true)
  expect(asked).toBe(count)
  // The first needs no turn, and timers may end a millisecond early.
  expect(performance.now() - began).toBeGreaterThan(190)
})
