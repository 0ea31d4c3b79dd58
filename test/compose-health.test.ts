import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { need } from '../platform/config.ts'
import { readComposeFile } from './compose-file.ts'
import { useStack } from './harness.ts'
import { withSilentServer } from './silent-server.ts'

const own = useStack('topics')
const ANSWER_MS_MAX = 2_000

/** Runs the check of Kafka's container against a broker elsewhere. */
async function check(address: string): Promise<unknown> {
  const { healthcheck } = readComposeFile().services.kafka ?? {}
  const [, shell = '', ...args] = (healthcheck as { test: string[] }).test
  const here = args.map((text) => text.replace('127.0.0.1/9092', address.replace(':', '/')))
  return await promisify(execFile)(shell, here, { timeout: ANSWER_MS_MAX })
}

test('a Kafka that answers is healthy, one that only takes connections is not', async () => {
  const [broker = ''] = need(own.configFor(), 'kafkaBrokers').kafkaBrokers
  expect(await check(broker)).toMatchObject({ stdout: '', stderr: '' })
  await withSilentServer(async (address) => {
    await expect(check(address)).rejects.toMatchObject({ killed: true })
  })
})
