import { expect, test } from 'vitest'
import { eventually, useStack } from './harness.ts'
const own = useStack('database')
test('fails', async () => {
  await eventually(async () => (await own.pool().query('select 1 as one')).rows, (rows) => rows.length > 1, 300)
})
