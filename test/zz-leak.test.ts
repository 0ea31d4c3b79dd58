import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import pg from 'pg'
import { runCli, startCli, useStack } from './harness.ts'
import { connectClient } from '../platform/temporal.ts'
import { createKafka } from '../platform/kafka.ts'
import { need } from '../platform/config.ts'
const own = useStack('database')
test('leaks', async () => {
  const c = new pg.Client({ connectionString: own.env.DATABASE_URL! }); await c.connect()
  spawn('sleep', ['3'])
  startCli(['generate', '--rate', '5'], own.env)
  await connectClient(need(own.configFor(), 'temporalAddress'))
  const k = createKafka(need(own.configFor(), 'kafkaBrokers'), 'x', { warn() {}, debug() {} } as never).admin(); await k.connect()
})
