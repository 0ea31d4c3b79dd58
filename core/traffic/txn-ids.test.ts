import { expect, test } from 'vitest'
import { TxnIds } from './txn-ids.ts'

test('an id has 35 alphanumeric characters, the first three being the prefix', () => {
  const id = new TxnIds('run').make('HDF', 'payment', 2 ** 40 + 5)
  expect(id).toMatch(/^HDF[0-9a-f]{32}$/)
})

test('ids differ by number, space and run, even with one prefix', () => {
  const ids = new Set<string>()
  for (const run of ['one', 'two']) {
    const made = new TxnIds(run)
    for (const space of ['payment', 'refund', 'broken'] as const) {
      for (let number = 0; number < 5000; number++) ids.add(made.make('HDF', space, number))
      for (let high = 1; high < 50; high++) ids.add(made.make('HDF', space, high * 2 ** 32))
    }
  }
  expect(ids.size).toBe(2 * 3 * 5049)
})
