import { test } from 'vitest'
import { useStack } from './harness.ts'
useStack('database')
test('long', async () => { console.log('running'); await new Promise((r) => setTimeout(r, 50000)) })
